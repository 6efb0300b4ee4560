import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { etagOf, expectStatus, fieldsOf, numberIn } from './support/answers.js';
import type { Answer } from './support/api-client.js';
import { System } from './support/system.js';

const VENUE = { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663 };
const DATE = 1_909_339_200_000;
const STATE_MACHINES = 'apps/orchestrator/state-machines';

let system: System;
let made = 0;
beforeAll(async () => {
  system = await System.start();
}, 60_000);
afterAll(() => system.close());

const newBand = () => ({ name: `Band ${++made}` });
const async_ = { prefer: 'respond-async' };
const nextOf = ({ headers }: Answer) => /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];

describe('an execution', () => {
  test('is shown with its request, its end and its history', async () => {
    const body = { band: newBand(), venue: VENUE, date: DATE };
    const key = { 'idempotency-key': '"shown"' };
    const { headers } = expectStatus(await system.writes.post('/concerts', body, { ...key, ...async_ }), 202);
    const written = expectStatus(await system.writes.post('/concerts', body, { ...key, prefer: 'wait=20' }), 201);
    const answer = expectStatus(await system.writes.get(headers.get('location') ?? ''), 200);
    const execution = fieldsOf(answer);
    expect(execution).toMatchObject({
      id: headers.get('location')?.split('/').at(-1),
      status: 'SUCCEEDED',
      stateMachine: 'create-concert',
      caller: 'local',
      stopRequested: false,
      failingSince: null,
      request: { method: 'POST', path: '/concerts', query: {}, ifMatch: null, body },
      output: { concert: { id: numberIn(written) }, band: body.band, venue: VENUE },
    });
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const types = historyOf(answer).map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual(['ExecutionStarted', 'ExecutionSucceeded']);
    expect(types).toContain('TaskStateEntered');
  });

  test('that failed tells how', async () => {
    const band = newBand();
    await system.writes.post('/bands', band);
    await system.writes.post('/bands', band);
    const [latest] = await system.writes.rows<{ id: string }>('/executions?limit=1');
    const execution = await system.writes.get(`/executions/${latest?.id}`);
    expect(execution.body).toMatchObject({ status: 'FAILED', error: 'Conflict', cause: expect.stringContaining('CreateBand') });
    expect(historyOf(execution).at(-1)).toMatchObject({ type: 'ExecutionFailed' });
  });

  test.each(['01890a5d-ac96-774b-bcce-b302099a8057', 'x', '%00', "'; drop table executions; --"])(
    'that is not there is not found: %s',
    async (id) => {
      for (const answer of [await system.writes.get(`/executions/${id}`), await system.writes.post(`/executions/${id}/stop`, {})])
        system.writes.problemIn(expectStatus(answer, 404));
    },
  );

  test('that has ended is not stopped any more', async () => {
    const [latest] = await system.writes.rows<{ id: string; status: string }>('/executions?status=SUCCEEDED&limit=1');
    const { body } = expectStatus(await system.writes.request('POST', `/executions/${latest?.id}/stop`), 202);
    expect(body).toMatchObject({ execution: { id: latest?.id, status: 'SUCCEEDED' } });
  });
});

const historyOf = (answer: Answer): { type: string }[] => {
  const { history } = fieldsOf(answer);
  return Array.isArray(history) ? history : [];
};

describe('the list of executions', () => {
  beforeAll(async () => {
    for (let count = 0; count < 5; count++) await system.writes.post('/bands', newBand());
  });

  test('comes latest first, page by page', async () => {
    const all = await system.writes.rows<{ id: string }>('/executions');
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(5);
    expect(ids).toEqual([...ids].sort().reverse());
    const paged: unknown[] = [];
    for (let path: string | undefined = '/executions?limit=2'; path !== undefined; ) {
      const page: Answer = expectStatus(await system.writes.get(path), 200);
      paged.push(...(Array.isArray(page.body) ? page.body : []));
      path = nextOf(page);
    }
    expect(paged).toEqual(all);
  });

  test('can be of one status', async () => {
    const all = await system.writes.rows<{ status: string }>('/executions');
    for (const status of ['SUCCEEDED', 'FAILED', 'RUNNING', 'ABORTED']) {
      const some = await system.writes.rows<{ status: string }>(`/executions?status=${status}`);
      expect(some).toEqual(all.filter((one) => one.status === status));
    }
    const page = await system.writes.get('/executions?status=SUCCEEDED&limit=1');
    expect(nextOf(page)).toMatch(/^\/executions\?status=SUCCEEDED&limit=1&after=/);
  });

  test.each(['status=DONE', 'limit=0', 'limit=1001', 'limit=x', 'after=x', 'colour=red'])('refuses %s', async (query) => {
    const { errors } = await system.writes.problem(`/executions?${query}`, 400);
    expect(errors).toEqual([expect.objectContaining({ parameter: query.split('=')[0] })]);
  });

  test('is no secret to a cache that asks again', async () => {
    const first = await system.writes.get('/executions');
    const again = await system.writes.get('/executions', { 'if-none-match': first.headers.get('etag') ?? '' });
    expectStatus(again, 304);
  });
});

describe('the state machines', () => {
  const names = readdirSync(STATE_MACHINES).map((file) => file.replace(/\.json$/, ''));

  test('are all listed', async () => {
    const rows = await system.writes.rows<{ name: string; comment: string }>('/state-machines');
    expect(rows.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const { comment } of rows) expect(comment).not.toBe('');
  });

  test.each(names)('of which %s is shown as it is, and as a diagram', async (name) => {
    const definition = JSON.parse(readFileSync(`${STATE_MACHINES}/${name}.json`, 'utf8'));
    expect((await system.writes.get(`/state-machines/${name}`)).body).toEqual(definition);
    const { text, headers } = await system.writes.get(`/state-machines/${name}?format=mermaid`);
    expect(headers.get('content-type')).toBe('text/vnd.mermaid; charset=utf-8');
    const [first, ...lines] = text.trimEnd().split('\n');
    expect(first).toBe('stateDiagram-v2');
    for (const line of lines) {
      expect(line).toMatch(/^ +(?:(?:\[\*\]|\w+) --> (?:\[\*\]|\w+)(?: : [^:;{}]+)?|state \w+ \{|\}|--)$/);
    }
    for (const state of Object.keys(definition.States)) expect(text).toMatch(new RegExp(`\\b${state}\\b`));
    expect(text.split('{').length).toBe(text.split('}').length);
  });

  test('are not found under another name, and in no other format', async () => {
    await system.writes.problem('/state-machines/create-ticket', 404);
    await system.writes.problem('/state-machines/constructor', 404);
    await system.writes.problem('/state-machines/create-band?format=svg', 400);
  });
});

describe('the orchestrator', () => {
  test('is ready when its journal is, and says how the services are', async () => {
    const { body } = expectStatus(await system.writes.get('/health/ready'), 200);
    expect(body).toMatchObject({
      status: 'ready',
      writes: 'open',
      journal: { up: true, running: 0, failing: 0 },
      services: { bands: { up: true }, venues: { up: true }, events: { up: true }, concerts: { up: true } },
    });
    expect((await system.writes.get('/health/live')).body).toEqual({ status: 'ok' });
  });

  test('lets web pages of the given origins write', async () => {
    const open = await System.start({ CORS_ORIGIN: 'https://example.org' });
    try {
      const preflight = await open.writes.with({}).request('OPTIONS', '/concerts', {
        headers: {
          origin: 'https://example.org',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,idempotency-key',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
      expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
      const answer = await open.writes.post('/bands', newBand(), { origin: 'https://example.org' });
      expect(answer.headers.get('access-control-expose-headers')).toContain('Idempotency-Replayed');
    } finally {
      await open.close();
    }
  }, 60_000);

  test('that ends answers who waits, and one that comes after it ends what was begun', async () => {
    const begun = await System.start();
    try {
      const body = { band: newBand(), venue: VENUE, date: DATE };
      const key = { 'idempotency-key': '"begun"' };
      await begun.stop('concerts');
      const waiting = begun.writes.post('/concerts', body, { ...key, prefer: 'wait=30' });
      await until(async () => (await begun.writes.rows('/executions')).length === 1);
      await begun.stop('orchestrator');
      expectStatus(await waiting, 202);
      await begun.restart('concerts');
      await begun.restart('orchestrator');
      const answer = expectStatus(await begun.writes.post('/concerts', body, { ...key, prefer: 'wait=25' }), 201);
      expect(answer.headers.get('idempotency-replayed')).toBe('true');
      expectStatus(await begun.api.get(`/concerts/${numberIn(answer)}`), 200);
      expectStatus(await begun.writes.delete(`/concerts/${numberIn(answer)}`, etagOf(answer)), 204);
    } finally {
      await begun.close();
    }
  }, 90_000);
});

/** Resolves when it holds; the test's own deadline ends it otherwise. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
