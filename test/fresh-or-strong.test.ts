import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ElasticsearchConfig } from '#config';
import { OwnElasticsearch } from '../bench/support/own-elasticsearch.js';
import { etagOf, expectStatus, numberIn } from './support/answers.js';
import type { Answer } from './support/api-client.js';
import { configOf, describeWithOwnElasticsearch } from './support/elasticsearch.js';
import { System } from './support/system.js';
import { readEntry, TestIndex } from './support/test-index.js';

const VENUE = { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663 };
const DATE = 1_909_339_200_000;
const ANY_VERSION = { 'if-match': '*' };
const START_TIMEOUT_MS = 180_000;
const POLL_MS = 50;
/** By then the gateway has looked at the checkpoint again. */
const LOOKED_AGAIN_MS = 1_000;
/** What the gateway takes for a read, unless it is asked for less. */
const DEADLINE_MS = 2_000;

let made = 0;
/** Names that no other test uses. */
const newBand = () => ({ name: `Band ${++made}` });
const newConcert = () => ({ band: newBand(), venue: { ...VENUE, name: `Venue ${++made}` }, date: DATE });

const tokenOf = ({ headers }: Answer) => headers.get('change-token');
const servedBy = ({ headers }: Answer) => headers.get('served-by');
const dataAgeOf = ({ headers }: Answer) => Number(headers.get('data-age'));

describe('without a search index', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ CORS_ORIGIN: '*' });
  }, START_TIMEOUT_MS);
  afterAll(() => system.close());

  describe('a write says what it wrote', () => {
    test('of a concert, with the parts that it made', async () => {
      const created = expectStatus(await system.writes.post('/concerts', newConcert()), 201);
      const [id, bandId, venueId] = [numberIn(created), numberIn(created, 'bandId'), numberIn(created, 'venueId')];
      expect(tokenOf(created)).toBe(`concert:${id}@1,band:${bandId}@1,venue:${venueId}@1`);

      const patch = { event: { name: 'Harbour Nights', kind: 'festival' }, status: 'postponed' };
      const patched = expectStatus(await system.writes.patch(`/concerts/${id}`, patch, etagOf(created)), 200);
      expect(tokenOf(patched)).toBe(`concert:${id}@2,event:${numberIn(patched, 'eventId')}@1`);

      const replacement = { band: { id: bandId }, venue: { id: venueId }, date: DATE + 1 };
      const replaced = expectStatus(await system.writes.put(`/concerts/${id}`, replacement, etagOf(patched)), 200);
      expect(tokenOf(replaced)).toBe(`concert:${id}@3`);

      const deleted = expectStatus(await system.writes.delete(`/concerts/${id}`, etagOf(replaced)), 204);
      expect(tokenOf(deleted)).toBe(`concert:${id}@4`);
    });

    test.each([
      ['band', newBand()],
      ['venue', { ...VENUE, name: 'A hall' }],
      ['event', { name: 'Tour', kind: 'tour', startDate: DATE, endDate: DATE }],
    ])('of a %s', async (kind, value) => {
      const created = expectStatus(await system.writes.post(`/${kind}s`, value), 201);
      const [id, path] = [numberIn(created), `/${kind}s/${numberIn(created)}`];
      expect(tokenOf(created)).toBe(`${kind}:${id}@1`);
      const replaced = expectStatus(await system.writes.put(path, { ...value, name: 'Another name' }, ANY_VERSION), 200);
      expect(tokenOf(replaced)).toBe(`${kind}:${id}@2`);
      const patched = expectStatus(await system.writes.patch(path, { name: 'A third name' }, ANY_VERSION), 200);
      expect(tokenOf(patched)).toBe(`${kind}:${id}@3`);
      const deleted = expectStatus(await system.writes.delete(path, ANY_VERSION), 204);
      expect(tokenOf(deleted)).toBe(`${kind}:${id}@4`);
    });

    test('of a cascade, the one that was named', async () => {
      const created = expectStatus(await system.writes.post('/concerts', newConcert()), 201);
      const bandId = numberIn(created, 'bandId');
      const deleted = await system.writes.delete(`/bands/${bandId}?cascade=true`, ANY_VERSION);
      expect(tokenOf(expectStatus(deleted, 204))).toBe(`band:${bandId}@2`);
    });

    test('in the same bytes when it is asked again, and not when it was refused', async () => {
      const key = { 'idempotency-key': '"one-key"' };
      const body = newConcert();
      const first = expectStatus(await system.writes.post('/concerts', body, key), 201);
      const again = expectStatus(await system.writes.post('/concerts', body, key), 201);
      expect([again.headers.get('idempotency-replayed'), tokenOf(again)]).toEqual(['true', tokenOf(first)]);
      const path = `/concerts/${numberIn(first)}`;
      const headers = { ...ANY_VERSION, 'idempotency-key': '"another-key"' };
      const tokens = [await system.writes.delete(path, headers), await system.writes.delete(path, headers)].map(tokenOf);
      expect(tokens).toEqual([`concert:${numberIn(first)}@2`, `concert:${numberIn(first)}@2`]);
      expect(tokenOf(expectStatus(await system.writes.delete(path, ANY_VERSION), 404))).toBeNull();
    });

    test('also to a web page, whose reads may send it back', async () => {
      const origin = { origin: 'https://example.org' };
      const written = await system.writes.post('/bands', newBand(), origin);
      expect(written.headers.get('access-control-expose-headers')).toContain('Change-Token');
      const read = await system.api.get('/bands', origin);
      for (const name of ['Served-By', 'Data-Age']) expect(read.headers.get('access-control-expose-headers')).toContain(name);
      const preflight = await system.api.request('OPTIONS', '/concerts', {
        headers: { ...origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'after-change' },
      });
      expect(preflight.headers.get('access-control-allow-headers')).toContain('after-change');
    });
  });

  describe('a read', () => {
    let written: Answer;
    let paths: string[];
    beforeAll(async () => {
      written = await system.writes.post('/concerts', { ...newConcert(), event: { name: 'E', kind: 'bill' } });
      const idOf = (name: string) => numberIn(written, name);
      const records = [`bands/${idOf('bandId')}`, `venues/${idOf('venueId')}`, `events/${idOf('eventId')}`];
      paths = [
        ...['bands', 'venues', 'events', 'venues?latitude=53&longitude=9&radius=500'],
        ...records.flatMap((path) => [path, `${path}/concerts`]),
        ...[`concerts?bandIds=${idOf('bandId')}`, `concerts/${idOf('id')}`],
      ].map((path) => `/${path}`);
    });

    test('says that the services answered, with what they have now', async () => {
      for (const path of paths) {
        const answer = expectStatus(await system.api.get(path, { 'after-change': tokenOf(written) ?? '' }), 200);
        expect([path, servedBy(answer), answer.headers.get('data-age')]).toEqual([path, 'services', '0']);
        expect(answer.headers.get('vary')).toContain('after-change');
      }
    });

    test.each(['', 'band', 'band:1', 'band:0@1', 'band:1@x', 'album:1@1', Array(17).fill('band:1@1').join()])(
      'after a change "%s" is refused, and told what is allowed',
      async (token) => {
        for (const path of paths) {
          const answer = expectStatus(await system.api.get(path, { 'after-change': token }), 400);
          const { errors } = system.api.problemIn(answer);
          expect(errors).toEqual([
            { parameter: 'After-Change', code: 'malformed', detail: expect.stringContaining('id@version') },
          ]);
        }
        const answer = await system.api.post('/concerts/search', { bandIds: [1] }, { 'after-change': token });
        expect(expectStatus(answer, 400).text).toContain('After-Change');
      },
    );

    test('is told all its faults at once', async () => {
      for (const path of ['/concerts?limit=x&consistency=some', '/concerts/1?limit=x&consistency=some', '/bands/1?limit=x']) {
        const { errors = [] } = system.api.problemIn(await system.api.get(path, { 'after-change': 'x' }));
        const expected = ['After-Change', ...(path.startsWith('/bands') ? [] : ['consistency']), 'limit'];
        expect([path, errors.map(({ parameter }) => parameter).sort()]).toEqual([path, expected]);
      }
    });

    test('may ask for a strong answer, in its query and in its body', async () => {
      const bandId = numberIn(written, 'bandId');
      for (const path of [`/concerts?bandIds=${bandId}`, `/bands/${bandId}/concerts?limit=5`, `/concerts/${numberIn(written)}?`])
        expect(servedBy(expectStatus(await system.api.get(`${path}&consistency=strong`), 200))).toBe('services');
      const body = { bandIds: [bandId], consistency: 'strong' };
      expect(servedBy(expectStatus(await system.api.post('/concerts/search', body), 200))).toBe('services');
    });
  });
});

describeWithOwnElasticsearch('with a search index', () => {
  let elasticsearch: OwnElasticsearch;
  let config: ElasticsearchConfig;
  let system: System;
  let index: TestIndex;
  beforeAll(async () => {
    elasticsearch = await OwnElasticsearch.start();
    config = configOf(elasticsearch.url, 'fresh-or-strong');
    system = await System.start({
      READ_MODEL: 'elasticsearch',
      ELASTICSEARCH_URL: config.url,
      ELASTICSEARCH_ALIAS: config.alias,
      CACHE_MAX_AGE: '60',
    });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await index?.close();
    await system?.close();
    await elasticsearch?.stop();
  }, START_TIMEOUT_MS);

  const get = async (path: string, headers: Record<string, string> = {}) =>
    expectStatus(await system.api.get(path, headers), 200);
  /** The answer of the index: on a busy machine a search may well be too late for its share of a deadline. */
  const getFromIndex = async (path: string, headers: Record<string, string> = {}) => {
    for (;;) {
      const answer = await get(path, headers);
      if (servedBy(answer) === 'elasticsearch') return answer;
      await sleep(POLL_MS);
    }
  };
  const health = async () => expectStatus(await system.api.get('/health/ready'), 200).body;
  /** Waits until the gateway has seen the state of the index, of which it looks at the checkpoint twice a second. */
  const untilIndexIs = async (state: string) => {
    for (let body = await health(); ; body = await health()) {
      if (JSON.stringify(body).includes(`"state":"${state}"`)) return body;
      await sleep(POLL_MS);
    }
  };
  const create = async () => {
    const answer = expectStatus(await system.writes.post('/concerts', newConcert()), 201);
    const [id, bandId] = [numberIn(answer), numberIn(answer, 'bandId')];
    return {
      id,
      list: `/concerts?bandIds=${bandId}`,
      token: { 'after-change': tokenOf(answer) ?? '' },
      band: `/bands/${bandId}`,
    };
  };

  test('that is not there, the services answer, and readiness says so', async () => {
    const { id, list } = await create();
    expect(servedBy(await get(list))).toBe('services');
    expect(servedBy(await get(`/concerts/${id}`))).toBe('services');
    expect(await untilIndexIs('unavailable')).toMatchObject({
      status: 'ready',
      readModel: 'elasticsearch',
      index: { dataAgeMs: null, detail: expect.stringContaining('no such index') },
    });
  });

  test('that is being filled, or was never at the end of every feed, the services answer', async () => {
    index = await TestIndex.create(config);
    await index.complete(Date.now(), { filling: { afterId: 5 } });
    await untilIndexIs('filling');
    expect(servedBy(await get('/concerts?bandIds=1'))).toBe('services');
    await index.complete(0);
    await sleep(LOOKED_AGAIN_MS);
    expect(await untilIndexIs('filling')).toMatchObject({ index: { dataAgeMs: null } });
  });

  test('that is new enough, the index answers, and says how old its data may be', async () => {
    const { id, list } = await create();
    await index.write([await readEntry(system, id)]);
    for (const path of [list, `/concerts/${id}`]) {
      await index.complete(Date.now() - 1_000);
      const answer = await getFromIndex(path);
      expect(dataAgeOf(answer)).toBeGreaterThanOrEqual(1_000);
      expect(dataAgeOf(answer)).toBeLessThanOrEqual(10_000);
      const strong = await get(`${path}${path === list ? '&' : '?'}consistency=strong`);
      expect([servedBy(strong), dataAgeOf(strong), strong.text]).toEqual(['services', 0, answer.text]);
      // A cache may keep what may be old for a while, but not what must not be.
      expect([answer, strong].map(({ headers }) => headers.get('cache-control'))).toEqual([
        'max-age=60, stale-while-revalidate=60',
        'no-cache',
      ]);
    }
    expect(servedBy(await get('/bands'))).toBe('services');
  });

  test('that is too old, the services answer', async () => {
    await index.complete(Date.now() - 11_000);
    expect(await untilIndexIs('behind')).toMatchObject({ status: 'ready', index: { dataAgeMs: expect.any(Number) } });
    expect(servedBy(await get('/concerts?bandIds=1'))).toBe('services');
    const jobs = [{ service: 'bands' as const, id: 1, version: 2, endReadAt: Date.now() - 11_000 }];
    await index.complete(Date.now(), { jobs });
    await sleep(LOOKED_AGAIN_MS);
    await untilIndexIs('behind');
    await index.keepComplete();
    await untilIndexIs('fresh');
  });

  describe('that is behind a change', () => {
    test('the read waits until the change is in it', async () => {
      let answers: Answer[] = [];
      // Where the machine is too busy to write within a deadline, there is another try.
      do {
        const { id, list, token } = await create();
        expect(await getFromIndex(list)).toMatchObject({ text: '[]' });
        const entry = await readEntry(system, id);
        const reads = [get(list, token), get(`/concerts/${id}`, token)];
        await sleep(300);
        await index.write([entry]);
        answers = await Promise.all(reads);
        for (const answer of answers) expect(answer.text).toContain(`"id":${id}`);
      } while (!answers.every((answer) => servedBy(answer) === 'elasticsearch'));
    });

    test('and when it does not come, the services answer before the deadline', async () => {
      const { list, token } = await create();
      const before = Date.now();
      const answer = await get(list, token);
      expect(servedBy(answer)).toBe('services');
      expect(answer.text).not.toBe('[]');
      expect(Date.now() - before).toBeGreaterThanOrEqual(DEADLINE_MS - 600);
      const sooner = await get(list, { ...token, 'request-timeout': '0.9' });
      expect(servedBy(sooner)).toBe('services');
    });

    test('a delete is seen once its tombstone is there', async () => {
      const { id, list } = await create();
      const entry = await readEntry(system, id);
      await index.write([entry]);
      const deleted = await system.writes.delete(`/concerts/${id}`, ANY_VERSION);
      const token = { 'after-change': tokenOf(expectStatus(deleted, 204)) ?? '' };
      expect(servedBy(await get(list, token))).toBe('services');
      await index.write([{ id, versions: { ...entry.versions, concert: 2 }, deletedAt: Date.now() }]);
      expect(await getFromIndex(list, token)).toMatchObject({ text: '[]' });
    });

    test('a renamed band is seen once no concert of it has its old name', async () => {
      const { id, list, band } = await create();
      await index.write([await readEntry(system, id)]);
      const name = newBand().name;
      const renamed = expectStatus(await system.writes.patch(band, { name }, ANY_VERSION), 200);
      const token = { 'after-change': tokenOf(renamed) ?? '' };
      expect(servedBy(await get(list, token))).toBe('services');
      await index.write([await readEntry(system, id)]);
      expect((await getFromIndex(list, token)).text).toContain(name);
    });

    test('a band without concerts is seen at once', async () => {
      const { headers } = await system.writes.post('/bands', newBand());
      const token = headers.get('change-token') ?? '';
      await getFromIndex('/concerts?bandIds=1', { 'after-change': token });
    });
  });

  describe('that fails', () => {
    let list: string;
    beforeAll(async () => {
      const created = await create();
      ({ list } = created);
      await index.write([await readEntry(system, created.id)]);
      await getFromIndex(list);
    });

    test('stopped in the middle of it all, the services answer, and at once when that is known', async () => {
      await elasticsearch.freeze();
      const answer = await get(list);
      expect([servedBy(answer), answer.text === '[]']).toEqual(['services', false]);
      await untilIndexIs('unavailable');
      expect(servedBy(await get(list))).toBe('services');
      elasticsearch.thaw();
      await getFromIndex(list);
    });

    test(
      'killed, the services answer, and the index again when it is back',
      async () => {
        await elasticsearch.kill();
        expect(servedBy(await get(list))).toBe('services');
        await untilIndexIs('unavailable');
        expect(servedBy(await get(list))).toBe('services');
        await elasticsearch.resume();
        await getFromIndex(list);
      },
      START_TIMEOUT_MS,
    );

    test('removed, the services answer', async () => {
      await index.remove();
      expect(servedBy(await get(list))).toBe('services');
      await untilIndexIs('unavailable');
    });
  });
});
