import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectStatus, fieldsOf, numberIn } from './support/answers.js';
import type { Answer } from './support/api-client.js';
import { System } from './support/system.js';

const VENUE = { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663 };
const DATE = 1_909_339_200_000;
const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

let system: System;
let made = 0;
beforeAll(async () => {
  system = await System.start();
}, 60_000);
afterAll(() => system.close());

const newBand = () => ({ name: `Band ${++made}` });
const newKey = () => ({ 'idempotency-key': `"key-${++made}"` });
const concertOf = (band: object) => ({ band, venue: VENUE, date: DATE });
const replayed = ({ headers }: Answer) => headers.get('idempotency-replayed');
const executions = async () => (await system.writes.rows('/executions')).length;

describe('a write that is sent again with its key', () => {
  test('is done once and answered with the same bytes', async () => {
    const [key, body] = [newKey(), { ...concertOf(newBand()), event: { name: 'E', kind: 'bill' } }];
    const first = expectStatus(await system.writes.post('/concerts', body, key), 201);
    const before = await executions();
    for (let time = 0; time < 3; time++) {
      const again = expectStatus(await system.writes.post('/concerts', body, key), 201);
      expect(again.text).toBe(first.text);
      for (const name of ['etag', 'location', 'content-type', 'idempotency-key'])
        expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
      expect(replayed(again)).toBe('true');
    }
    expect(replayed(first)).toBeNull();
    expect(await executions()).toBe(before);
  });

  test('is known again however its JSON is written, and whatever it prefers', async () => {
    const key = newKey();
    const [name, headers] = [newBand().name, { ...key, 'content-type': 'application/json' }];
    const first = `{"name":"${name}","genres":["a","b"]}`;
    const same = `{ "genres": ["\\u0061", "b"],\n "name": "${name}" }`;
    expectStatus(await system.writes.request('POST', '/bands', { body: first, headers }), 201);
    const again = await system.writes.request('POST', '/bands', { body: same, headers: { ...headers, prefer: 'wait=1' } });
    expect(replayed(expectStatus(again, 201))).toBe('true');
  });

  test('is known by its key in quotes and without them', async () => {
    const body = newBand();
    expectStatus(await system.writes.post('/bands', body, { 'idempotency-key': 'a-"bare"-key' }), 201);
    const quoted = await system.writes.post('/bands', body, { 'idempotency-key': '"a-\\"bare\\"-key"' });
    expect(replayed(expectStatus(quoted, 201))).toBe('true');
    expect(quoted.headers.get('idempotency-key')).toBe('"a-\\"bare\\"-key"');
  });

  test('is answered with its refusal, too', async () => {
    const [band, key] = [newBand(), newKey()];
    expectStatus(await system.writes.post('/bands', band), 201);
    const first = expectStatus(await system.writes.post('/bands', band, key), 409);
    const again = expectStatus(await system.writes.post('/bands', band, key), 409);
    expect([replayed(again), again.text]).toEqual(['true', first.text]);
  });

  test('changes or deletes only once', async () => {
    const path = `/bands/${numberIn(await system.writes.post('/bands', newBand()))}`;
    const [patch, del] = [
      { ...newKey(), 'if-match': '"1"' },
      { ...newKey(), 'if-match': '*' },
    ];
    for (let time = 0; time < 2; time++) {
      const answer = expectStatus(await system.writes.patch(path, { genres: ['a'] }, patch), 200);
      expect([fieldsOf(answer).version, answer.headers.get('etag')]).toEqual([2, '"2"']);
    }
    for (let time = 0; time < 2; time++) expectStatus(await system.writes.delete(path, del), 204);
    expectStatus(await system.writes.delete(path, { ...newKey(), 'if-match': '*' }), 404);
  });

  test('is answered as it was, also when what it changed has gone', async () => {
    const [patch, event] = [newKey(), { name: 'E', kind: 'bill', startDate: DATE + 1 }];
    const path = `/concerts/${numberIn(await system.writes.post('/concerts', concertOf(newBand())))}`;
    const first = expectStatus(await system.writes.patch(path, { event }, { ...patch, 'if-match': '*' }), 200);
    expect((await system.api.get(`/events/${numberIn(first, 'eventId')}`)).body).toMatchObject({
      startDate: DATE + 1,
      endDate: DATE + 1,
    });
    expectStatus(await system.writes.delete(path, { 'if-match': '*' }), 204);
    const again = expectStatus(await system.writes.patch(path, { event }, { ...patch, 'if-match': '*' }), 200);
    expect([replayed(again), again.text]).toEqual(['true', first.text]);
    const late = { name: 'Never', kind: 'bill' };
    expectStatus(await system.writes.patch(path, { event: late }, { ...newKey(), 'if-match': '*' }), 404);
    expect(await system.api.rows('/events?name=Never')).toEqual([]);
  });

  test('sent many times at once begins one execution', async () => {
    const [key, body] = [newKey(), concertOf(newBand())];
    const before = await executions();
    const answers = await Promise.all(Array.from({ length: 20 }, () => system.writes.post('/concerts', body, key)));
    const ids = answers.map((answer) => numberIn(expectStatus(answer, 201)));
    expect(new Set(ids).size).toBe(1);
    expect(await executions()).toBe(before + 1);
  });

  test.each<[string, (key: Record<string, string>, id: number, name: string) => Promise<Answer>]>([
    ['another body', (key) => system.writes.post('/bands', newBand(), key)],
    ['another path', (key, _, name) => system.writes.post('/venues', { ...VENUE, name }, key)],
    ['another method', (key, id) => system.writes.delete(`/bands/${id}`, { ...key, 'if-match': '*' })],
  ])('but with %s is refused', async (_, other) => {
    const [key, band] = [newKey(), newBand()];
    const id = numberIn(expectStatus(await system.writes.post('/bands', band, key), 201));
    const before = await executions();
    const problem = system.writes.problemIn(expectStatus(await other(key, id, band.name), 422));
    expect(problem.errors).toEqual([expect.objectContaining({ parameter: 'Idempotency-Key' })]);
    expect(await executions()).toBe(before);
  });

  test('but with another If-Match or another parameter is refused', async () => {
    const path = `/bands/${numberIn(await system.writes.post('/bands', newBand()))}`;
    const patch = newKey();
    expectStatus(await system.writes.patch(path, { genres: ['a'] }, { ...patch, 'if-match': '"1"' }), 200);
    expectStatus(await system.writes.patch(path, { genres: ['a'] }, { ...patch, 'if-match': '*' }), 422);
    const del = { ...newKey(), 'if-match': '*' };
    expectStatus(await system.writes.delete(path, del), 204);
    expectStatus(await system.writes.delete(`${path}?cascade=false`, del), 204);
    expectStatus(await system.writes.delete(`${path}?cascade=true`, del), 422);
  });
});

describe('a key', () => {
  test('is not used up by what is refused before anything begins', async () => {
    const [key, body] = [newKey(), newBand()];
    const path = `/bands/${numberIn(await system.writes.post('/bands', newBand()))}`;
    const before = await executions();
    expectStatus(await system.writes.post('/bands', {}, key), 400);
    expectStatus(await system.writes.with({}).post('/bands', body, key), 401);
    expectStatus(await system.writes.post('/bands', body, { ...key, 'content-type': 'text/plain' }), 415);
    expectStatus(await system.writes.post('/bands', { ...body, x: 'x'.repeat(300_000) }, key), 413);
    expectStatus(await system.writes.patch(path, {}, key), 428);
    expectStatus(await system.writes.patch(path, {}, { ...key, 'if-match': 'W/"1"' }), 412);
    expect(await executions()).toBe(before);
    expect(replayed(expectStatus(await system.writes.post('/bands', body, key), 201))).toBeNull();
  });

  test('is made where there is none, and repeats the request', async () => {
    const body = newBand();
    const first = expectStatus(await system.writes.post('/bands', body), 201);
    const key = first.headers.get('idempotency-key') ?? '';
    expect(key).toMatch(/^"[\da-f-]{36}"$/);
    const again = expectStatus(await system.writes.post('/bands', body, { 'idempotency-key': key }), 201);
    expect([replayed(again), again.text]).toEqual(['true', first.text]);
  });
});

describe('Prefer', () => {
  test('respond-async is answered at once, and the write comes to its end', async () => {
    const [key, body] = [newKey(), concertOf(newBand())];
    const answer = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'respond-async' }), 202);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    const { execution } = fieldsOf(answer);
    expect(execution).toEqual({ id: expect.stringMatching(UUID), status: 'RUNNING', stateMachine: 'create-concert' });
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe(`/executions/${(await system.writes.rows('/executions'))[0]?.['id']}`);
    const ended = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=20' }), 201);
    expect([replayed(ended), ended.headers.get('preference-applied')]).toEqual(['true', 'wait=20']);
  });

  test.each([
    ['wait=0', 202, 'wait=0'],
    ['wait="0"', 202, 'wait=0'],
    ['respond-async, wait=20', 201, 'respond-async, wait=20'],
    ['WAIT = 20', 201, 'wait=20'],
    ['wait=3600', 201, 'wait=30'],
    ['wait=20, wait=0', 201, 'wait=20'],
    ['wait=20; x=y', 201, 'wait=20'],
    ['wait=soon', 201, null],
    ['wait=-1', 201, null],
    ['return=minimal, handling="strict"', 201, null],
    ['', 201, null],
  ])('%s is answered with %d', async (prefer, status, applied) => {
    const answer = expectStatus(await system.writes.post('/bands', newBand(), { prefer }), status);
    expect(answer.headers.get('preference-applied')).toBe(applied);
  });
});

describe('a write whose service is away', () => {
  test('is answered with 202 until it is back, and then with its end', async () => {
    const [key, body] = [newKey(), { ...concertOf(newBand()), event: { name: 'E', kind: 'bill' } }];
    await system.stop('events');
    const first = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=1' }), 202);
    const again = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'respond-async' }), 202);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect([again.text, replayed(again)]).toEqual([first.text, null]);
    // Of its band and venue something may be seen meanwhile, of the concert nothing.
    expect(await system.api.rows(`/concerts?from=2030-01-01&limit=100&fields=band`)).not.toContainEqual(
      expect.objectContaining({ band: body.band }),
    );
    await system.restart('events');
    const ended = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=25' }), 201);
    expect(replayed(ended)).toBe('true');
    expectStatus(await system.api.get(`/concerts/${numberIn(ended)}`), 200);
  }, 60_000);

  test('can be stopped: nothing of it is left, and it is answered with 409', async () => {
    const [key, band] = [newKey(), newBand()];
    const body = { ...concertOf(band), event: { name: 'E', kind: 'bill' } };
    await system.stop('events');
    const running = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=1' }), 202);
    const location = running.headers.get('location') ?? '';
    const stopped = expectStatus(await system.writes.post(`${location}/stop`, {}), 202);
    expect(stopped.headers.get('location')).toBe(location);
    expect((await system.writes.get(location)).body).toMatchObject({ status: 'RUNNING', stopRequested: true });
    await system.restart('events');
    const answer = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=25' }), 409);
    expect(system.writes.problemIn(answer).detail).toContain('stopped');
    expect((await system.writes.get(location)).body).toMatchObject({ status: 'ABORTED', error: 'Stopped' });
    expect(await system.api.rows(`/bands?name=${encodeURIComponent(band.name)}`)).toEqual([]);
  }, 60_000);
});
