import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectStatus, numberIn } from './support/answers.js';
import type { Answer } from './support/api-client.js';
import { rawRequest } from './support/raw-http.js';
import { System } from './support/system.js';

const BAND = { name: 'The Paper Lanterns' };
const VENUE = { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663 };
const DATE = 1_909_339_200_000;
const CONCERT = { band: BAND, venue: VENUE, date: DATE };
const EVENT = { name: 'Harbour Nights', kind: 'festival', startDate: DATE, endDate: DATE };
const YEAR_10000 = 253_402_300_800_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const KIB = 1_024;

let system: System;
beforeAll(async () => {
  system = await System.start();
}, 60_000);
afterAll(async () => {
  // Whatever was refused has begun nothing.
  const executions = await system.writes.rows('/executions');
  const [bands, concerts] = [await system.api.rows('/bands'), await system.api.rows('/concerts?from=2000-01-01')];
  await system.close();
  expect([executions, bands, concerts]).toEqual([[], [], []]);
});

/** Where an answer that must be a 400 says that something is wrong. */
function faultsIn(answer: Answer): string[] {
  const { errors = [] } = system.writes.problemIn(expectStatus(answer, 400));
  return errors.map(({ parameter }) => parameter);
}

describe('a body of a concert', () => {
  test.each<[string, unknown, string[]]>([
    ['that is empty', {}, ['/band', '/venue', '/date']],
    ['that is a list', [], ['']],
    ['that is null', null, ['']],
    ['that is a number', 7, ['']],
    ['with unknown fields', { ...CONCERT, colour: 'red', bandId: 1 }, ['/colour', '/bandId']],
    ['with an id', { ...CONCERT, id: 1 }, ['/id']],
    ['with a version', { ...CONCERT, version: 1 }, ['/version']],
    ['of a band given by id and by name', { ...CONCERT, band: { id: 7, name: 'X', genres: [] } }, ['/band']],
    ['of an event given by id and by value', { ...CONCERT, event: { id: 7, ...EVENT } }, ['/event']],
    ['of a band that is neither', { ...CONCERT, band: {} }, ['/band/name']],
    ['of a band with an id of null alone', { ...CONCERT, band: { id: null } }, ['/band/name']],
    ['of a band that is null', { ...CONCERT, band: null }, ['/band']],
    ['of a band that is a number', { ...CONCERT, band: 7 }, ['/band']],
    ['of a band with an id that cannot be', { ...CONCERT, band: { id: 0 } }, ['/band/id']],
    ['of a band with an id that is a text', { ...CONCERT, band: { id: '7' } }, ['/band/id']],
    ['of a band with an id beyond all', { ...CONCERT, band: { id: 4_294_967_296 } }, ['/band/id']],
    ['of a venue without coordinates', { ...CONCERT, venue: { name: 'V' } }, ['/venue/latitude', '/venue/longitude']],
    ['of a venue beyond the poles', { ...CONCERT, venue: { ...VENUE, latitude: 91 } }, ['/venue/latitude']],
    ['of a venue in no time zone', { ...CONCERT, venue: { ...VENUE, timeZone: 'Mars/Base' } }, ['/venue/timeZone']],
    ['of a name of blanks', { ...CONCERT, band: { name: '  ' } }, ['/band/name']],
    ['of a name of half a character', { ...CONCERT, band: { name: 'a\ud800' } }, ['/band/name']],
    ['of a name that is too long', { ...CONCERT, band: { name: 'x'.repeat(301) } }, ['/band/name']],
    ['in the year 10000', { ...CONCERT, date: YEAR_10000 }, ['/date']],
    ['at half a millisecond', { ...CONCERT, date: 0.5 }, ['/date']],
    ['at a date that is a text', { ...CONCERT, date: '2030-07-04T18:00:00Z' }, ['/date']],
    ['of an unknown status', { ...CONCERT, status: 'sold-out' }, ['/status']],
    ['with a status of null', { ...CONCERT, status: null }, ['/status']],
    ['with a link that is none', { ...CONCERT, url: 'javascript:alert(1)' }, ['/url']],
    ['with an id of another system that is none', { ...CONCERT, externalIds: [{ system: 's' }] }, ['/externalIds/0/id']],
    ['of an event without a kind', { ...CONCERT, event: { name: 'E' } }, ['/event/kind']],
    ['of an event that ends before it starts', { ...CONCERT, event: { ...EVENT, endDate: DATE - 1 } }, ['/event/endDate']],
    [
      'of an event that would end, with the concert, before it starts',
      { ...CONCERT, event: { name: 'E', kind: 'bill', startDate: DATE + 1 } },
      ['/event/endDate'],
    ],
    [
      'that is wrong everywhere',
      { band: { id: 1, name: 'X' }, venue: { name: '' }, event: { kind: 'x' }, date: 'x', role: 1, colour: 'red' },
      ['/colour', '/role', '/date', '/band', '/venue/latitude', '/venue/longitude', '/venue/name', '/event/name', '/event/kind'],
    ],
  ])('%s is refused with all its faults', async (_, body, places) => {
    expect(faultsIn(await system.writes.post('/concerts', body)).sort()).toEqual([...places].sort());
    expect(faultsIn(await system.writes.put('/concerts/1', body, { 'if-match': '*' })).sort()).toEqual([...places].sort());
  });

  test.each<[string, unknown, string[]]>([
    ['that is a list', [], ['']],
    ['of no band', { band: null }, ['/band']],
    ['of no venue', { venue: null }, ['/venue']],
    ['of no date', { date: null }, ['/date']],
    ['with unknown fields', { colour: 'red', eventId: null }, ['/colour', '/eventId']],
    ['of a band given by id and by name', { band: { id: 7, name: 'X' } }, ['/band']],
    ['of a part of a venue', { venue: { city: 'Rome' } }, ['/venue/name', '/venue/latitude', '/venue/longitude']],
    ['of wrong values', { status: 5, billingIndex: -1 }, ['/status', '/billingIndex']],
    ['of an event that ends before it starts', { event: { ...EVENT, endDate: 0 } }, ['/event/endDate']],
    ['of an event that would end before it starts', { event: { ...EVENT, endDate: undefined }, date: 0 }, ['/event/endDate']],
  ])('as a patch %s is refused with all its faults', async (_, body, places) => {
    expect(faultsIn(await system.writes.patch('/concerts/1', body, { 'if-match': '*' })).sort()).toEqual([...places].sort());
  });
});

describe('a body of a band, a venue or an event', () => {
  test.each<[string, unknown, string[]]>([
    ['bands', {}, ['/name']],
    ['bands', { ...BAND, id: 1, version: 2, color: 'x' }, ['/id', '/version', '/color']],
    ['bands', { ...BAND, genres: 'rock', aliases: [1] }, ['/genres', '/aliases/0']],
    ['bands', { ...BAND, genres: Array.from({ length: 65 }, () => 'rock') }, ['/genres']],
    ['venues', { name: 'V' }, ['/latitude', '/longitude']],
    ['venues', { ...VENUE, longitude: 181, country: 7 }, ['/longitude', '/country']],
    ['events', { name: 'E', kind: 'bill' }, ['/startDate', '/endDate']],
    ['events', { ...EVENT, kind: 'party', startDate: DATE + 1 }, ['/kind', '/endDate']],
  ])('of the %s such as %j is refused with all its faults', async (kind, body, places) => {
    expect(faultsIn(await system.writes.post(`/${kind}`, body)).sort()).toEqual([...places].sort());
    expect(faultsIn(await system.writes.put(`/${kind}/1`, body, { 'if-match': '*' })).sort()).toEqual([...places].sort());
  });

  test.each<[string, unknown, string[]]>([
    ['bands', { name: null, genres: 7 }, ['/name', '/genres']],
    ['bands', { id: 8 }, ['/id']],
    ['venues', { latitude: null, latitud: 1 }, ['/latitude', '/latitud']],
    ['events', { startDate: DATE, endDate: DATE - 1 }, ['/endDate']],
  ])('of the %s such as %j is refused as a patch', async (kind, body, places) => {
    expect(faultsIn(await system.writes.patch(`/${kind}/1`, body, { 'if-match': '*' })).sort()).toEqual([...places].sort());
  });

  test('with thousands of faults is told the first of them', async () => {
    const body = { ...BAND, ...Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, index])) };
    const answer = await system.writes.post('/bands', body);
    expect(faultsIn(answer)).toHaveLength(50);
    expect(answer.text.length).toBeLessThan(64 * KIB);
    const long = await system.writes.post('/bands', { ...BAND, ['x'.repeat(100_000)]: 1 });
    expect(faultsIn(long)).toHaveLength(1);
    expect(long.text.length).toBeLessThan(4 * KIB);
  });
});

describe('a write', () => {
  const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
    system.writes.request('POST', '/bands', { body, headers });

  test.each([
    ['no JSON', '{"name": "x"'],
    ['nothing', ''],
    ['blanks', '  '],
    ['JSON with a comment', '{"name": "x"} // x'],
    ['a poisoned prototype', '{"name": "x", "__proto__": {"isAdmin": true}}'],
    ['a poisoned constructor', '{"name": "x", "constructor": {"prototype": {"isAdmin": true}}}'],
    ['a poisoned prototype further down', '{"name": "x", "genres": [{"__proto__": null}]}'],
    ['an infinite number', '{"name": "x", "latitude": 1e999}'],
    ['a hundred thousand levels', `{"name": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['as many levels of objects', `{"x": ${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`],
  ])('of %s is refused', async (_, body) => {
    system.writes.problemIn(expectStatus(await post(body), 400));
  });

  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/merge-patch+json', 'x'])(
    'of the type %s is told that it is none that is taken',
    async (type) => {
      const answer = await post(JSON.stringify(BAND), { 'content-type': type });
      system.writes.problemIn(expectStatus(answer, 415));
    },
  );

  test('of more than 256 KiB is too large', async () => {
    const padded = (bytes: number) => `{}${' '.repeat(bytes - 2)}`;
    expectStatus(await post(padded(256 * KIB)), 400);
    expectStatus(await post(padded(256 * KIB + 1)), 413);
  });

  test('with unknown parameters is refused', async () => {
    for (const path of ['/bands?x=1', '/concerts?cascade=true']) {
      expect(faultsIn(await system.writes.post(path, BAND))).toHaveLength(1);
    }
    expect(faultsIn(await system.writes.delete('/bands/1?cascade=yes', { 'if-match': '*' }))).toEqual(['cascade']);
    expect(faultsIn(await system.writes.delete('/bands/1?cascade=true&x=1', { 'if-match': '*' }))).toEqual(['x']);
    expect(faultsIn(await system.writes.delete('/concerts/1?cascade=true', { 'if-match': '*' }))).toEqual(['cascade']);
    expect(faultsIn(await system.writes.delete('/bands/seven', { 'if-match': '*' }))).toEqual(['id']);
  });

  test('with a key that is none is refused', async () => {
    for (const key of ['""', '"a', 'a b', '"a b"', '"a"b', '"\\x"', 'é', `"${'x'.repeat(256)}"`, 'x'.repeat(256), '"a", "b"']) {
      const headers = { 'idempotency-key': key };
      expect(faultsIn(await system.writes.post('/bands', BAND, headers))).toEqual(['Idempotency-Key']);
    }
  });

  test('where there is none is told what there is', async () => {
    for (const [method, path, allow] of [
      ['GET', '/concerts/1', 'DELETE, PATCH, PUT'],
      ['PUT', '/concerts', 'POST'],
      ['DELETE', '/executions', 'GET, HEAD'],
    ] as const) {
      const answer = await system.writes.request(method, path);
      expect(answer.headers.get('allow')).toBe(allow);
      system.writes.problemIn(expectStatus(answer, 405));
    }
    system.writes.problemIn(expectStatus(await system.writes.get('/bands/1/concerts'), 404));
  });
});

describe('the token', () => {
  const paths = ['/concerts', '/bands', '/venues', '/events'];
  const wrong: [string, Record<string, string>][] = [
    ['missing', {}],
    ['another', { authorization: 'Bearer 0123456789abcdef0123456789abcdee' }],
    ['shorter', { authorization: 'Bearer 0123456789abcdef0123456789abcde' }],
    ['of another scheme', { authorization: 'Basic bG9jYWw6MDEyMzQ1Njc4OWFiY2RlZg==' }],
    ['with its name', { authorization: 'Bearer local:0123456789abcdef0123456789abcdef' }],
    ['empty', { authorization: 'Bearer ' }],
  ];

  test.each(wrong)('that is %s opens nothing', async (_, headers) => {
    const stranger = system.writes.with(headers);
    const requests = [
      ...paths.map((path) => stranger.post(path, CONCERT)),
      ...paths.flatMap((path) => ['PUT', 'PATCH', 'DELETE'].map((method) => stranger.request(method, `${path}/1`))),
      stranger.get('/executions'),
      stranger.request('HEAD', '/executions'),
      stranger.get('/executions/1'),
      stranger.post('/executions/1/stop', {}),
    ];
    for (const answer of await Promise.all(requests)) {
      expectStatus(answer, 401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.headers.has('idempotency-key')).toBe(false);
    }
  });

  test('is not asked for where nothing is written', async () => {
    const stranger = system.writes.with({});
    for (const path of ['/health/live', '/health/ready', '/state-machines', '/state-machines/create-band', '/openapi.json'])
      expectStatus(await stranger.get(path), 200);
    expectStatus(await stranger.request('GET', '/api'), 200);
  });

  test('is looked at before the body is read', async () => {
    const url = system.writes.url;
    const { status } = await rawRequest(url, 'POST /bands HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n');
    expect(status).toBe(401);
  });

  test('may be written in any case of its scheme', async () => {
    const client = system.writes.with({ authorization: 'bearer  0123456789abcdef0123456789abcdef' });
    expectStatus(await client.get('/executions'), 200);
  });
});

describe('without any token', () => {
  let closed: System;
  beforeAll(async () => {
    closed = await System.start({ WRITE_TOKENS: '' });
  }, 60_000);
  afterAll(() => closed.close());

  test('writes are closed, and say why', async () => {
    for (const answer of [await closed.writes.post('/bands', BAND), await closed.writes.get('/executions')]) {
      expect(closed.writes.problemIn(expectStatus(answer, 401)).detail).toContain('WRITE_TOKENS');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    const { body } = expectStatus(await closed.writes.get('/health/ready'), 200);
    expect(body).toMatchObject({ status: 'ready', writes: expect.stringContaining('WRITE_TOKENS') });
  });
});

describe('of two tokens of one name', () => {
  const tokens = 'shop:0123456789abcdef-old,shop:0123456789abcdef-new,box:0123456789abcdef-box';
  let rotated: System;
  beforeAll(async () => {
    rotated = await System.start({ WRITE_TOKENS: tokens });
  }, 60_000);
  afterAll(() => rotated.close());

  const with_ = (secret: string) => rotated.writes.with({ authorization: `Bearer 0123456789abcdef-${secret}` });

  test('either repeats what the other began, and a token of another name does not', async () => {
    const key = { 'idempotency-key': '"a"' };
    const first = expectStatus(await with_('old').post('/bands', { name: 'Rotated' }, key), 201);
    const repeated = expectStatus(await with_('new').post('/bands', { name: 'Rotated' }, key), 201);
    expect(repeated.headers.get('idempotency-replayed')).toBe('true');
    expect(numberIn(repeated)).toBe(numberIn(first));
    expectStatus(await with_('box').post('/bands', { name: 'Another' }, key), 201);
    const callers = await with_('box').rows<{ caller: string }>('/executions');
    expect(callers.map(({ caller }) => caller)).toEqual(['box', 'shop']);
  });
});
