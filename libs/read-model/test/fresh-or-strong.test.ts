import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CallContext } from '#rpc';
import { nextIndexName, openElasticsearch } from '#search-index';
import { LEEWAY_MS } from '../../../test/support/leeway.js';
import { FreshOrStrong } from '../src/fresh-or-strong.js';
import { IndexState } from '../src/index-state.js';
import type { ConcertReadModel, Freshness } from '../src/query.js';

const ALIAS = 'concerts';
const NAME = nextIndexName(ALIAS, [], 1);
const NEXT_NAME = nextIndexName(ALIAS, [], 2);
const POLL_MS = 20;

interface Answer {
  status: number;
  body: unknown;
  /** It begins and does not end. */
  isCut?: boolean;
}

/** What Elasticsearch answers to a request for the checkpoint, to a search, and to a search for what was written. */
let answers: { checkpoint: Answer; search: Answer; written: Answer };
/** The paths and bodies of what was asked of it, but for the checkpoint. */
let asked: string[];
let logged: { fields: object; message: string }[];
let reasons: (string | undefined)[];
let server: Server;
let client: Client;
let index: IndexState;
let readModel: FreshOrStrong;

const found = (...hits: object[]): Answer => ({ status: 200, body: { hits: { hits } } });
const writtenIs = (isFound: boolean): Answer => ({ status: 200, body: { responses: [found(...(isFound ? [{}] : [])).body] } });
const refused = (status: number, type: string, reason: string): Answer => ({ status, body: { error: { type, reason }, status } });

function checkpointOf(until: number, { name = NAME, putAside = [] }: { name?: string; putAside?: number[] } = {}): Answer {
  const feed = { cursor: '', storeId: '', takenAt: until, endReadAt: until };
  const feeds = { bands: feed, venues: feed, events: feed, concerts: feed };
  const checkpoint = { leader: null, feeds, jobs: [], filling: null, putAside };
  return { status: 200, body: { _index: name, _id: 'checkpoint', found: true, _source: { checkpoint } } };
}

const fromServices: ConcertReadModel = {
  find: async () => ({ concerts: [], next: undefined, missing: [], stages: [], servedBy: 'services', dataAgeMs: 0 }),
  byId: async () => ({ concerts: [], missing: [], stages: [], servedBy: 'services', dataAgeMs: 0 }),
};

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const kind = path.includes('_doc') ? 'checkpoint' : path.includes('_msearch') ? 'written' : 'search';
    const sent = await text(request);
    if (kind !== 'checkpoint') asked.push(`${path} ${sent}`);
    const { status, body, isCut } = answers[kind];
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    if (isCut) response.write(JSON.stringify(body).slice(0, -1));
    else response.end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  const url = `http://127.0.0.1:${address.port}`;
  client = await openElasticsearch({ url, login: undefined, ca: undefined, alias: ALIAS });
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  answers = { checkpoint: checkpointOf(Date.now()), search: found(), written: writtenIs(false) };
  [asked, logged, reasons] = [[], [], []];
  const log = (fields: object, message: string) => void logged.push({ fields, message });
  index = new IndexState(client, ALIAS, { info: log });
  const answered = (reason: string | undefined) => void reasons.push(reason);
  readModel = new FreshOrStrong({ services: fromServices, client, index, logger: { warn: log }, answered });
});

const healthWith = async (checkpoint: Answer) => {
  answers.checkpoint = checkpoint;
  await index.read();
  return index.health;
};

function read(afterChange: Freshness['afterChange'] = [], timeoutMs = 2_000) {
  const asking: CallContext = { requestId: 'a-request', traceId: 'a-trace', deadline: Date.now() + timeoutMs };
  return readModel.byId(1, asking, { consistency: 'fresh', afterChange });
}

describe('what is known of an index', () => {
  test('is how old it may be', async () => {
    expect(await healthWith(checkpointOf(Date.now() - 3_000))).toMatchObject({ state: 'fresh', dataAgeMs: expect.any(Number) });
    expect(await healthWith(checkpointOf(Date.now() - 11_000))).toMatchObject({ state: 'behind' });
    expect(await healthWith(checkpointOf(0))).toEqual({ state: 'filling', dataAgeMs: null });
  });

  test('is nothing where its checkpoint is of a time to come, but for a little', async () => {
    expect(await healthWith(checkpointOf(Date.now() + 500))).toEqual({ state: 'fresh', dataAgeMs: 0 });
    const detail = expect.stringContaining('clock');
    expect(await healthWith(checkpointOf(Date.now() + 5_000))).toEqual({ state: 'unavailable', dataAgeMs: null, detail });
    expect((await read()).servedBy).toBe('services');
  });

  test.each([
    ['of another form', { _index: NAME, _source: { checkpoint: { feeds: { bands: {} }, jobs: [] } } }],
    ['without feeds', { _index: NAME, _source: { checkpoint: {} } }],
    ['without anything', { _index: NAME, _source: {} }],
    ['in an index of another version', { _index: 'concerts.v9.0000000000001', _source: { checkpoint: {} } }],
  ])('is nothing where its checkpoint is %s', async (_, body) => {
    const detail = expect.stringContaining('version');
    expect(await healthWith({ status: 200, body })).toEqual({ state: 'unavailable', dataAgeMs: null, detail });
  });

  test('is told in one line, again when the reason is another, and once while it is not', async () => {
    const wrong = refused(401, 'security_exception', `no such\nuser ${'x'.repeat(1_000)}`);
    for (const answer of [refused(404, 'index_not_found_exception', 'no such index [concerts]'), wrong, wrong])
      await healthWith(answer);
    const details = logged.map(({ fields }) => ('detail' in fields ? String(fields.detail) : ''));
    expect(details).toEqual(['no such index [concerts]', expect.stringContaining('401, security_exception: no such user x')]);
    expect(Math.max(...details.map(({ length }) => length))).toBeLessThanOrEqual(300);
    await healthWith(checkpointOf(Date.now()));
    expect(logged.at(-1)?.message).toBe('the search index is fresh: searches are answered from it');
  });
});

describe('a read', () => {
  beforeEach(() => index.read());

  test('is made in the index whose age is told, not in the one that the alias names by now', async () => {
    answers.checkpoint = checkpointOf(Date.now(), { name: NEXT_NAME });
    expect((await read()).servedBy).toBe('elasticsearch');
    expect(asked).toEqual([expect.stringContaining(`/${NAME}/_search`)]);
  });

  test('goes over to the index that took the place of one that is gone', async () => {
    answers.checkpoint = checkpointOf(Date.now(), { name: NEXT_NAME });
    answers.search = refused(404, 'index_not_found_exception', `no such index [${NAME}]`);
    expect((await read()).servedBy).toBe('services');
    while (index.fresh?.name !== NEXT_NAME) await sleep(POLL_MS);
    answers.search = found();
    expect((await read()).servedBy).toBe('elasticsearch');
    expect(asked.at(-1)).toContain(`/${NEXT_NAME}/_search`);
  });

  test('after a change is made in the index that shows it, where another takes its place meanwhile', async () => {
    const reading = read([{ kind: 'concert', id: 1, version: 2 }]);
    while (asked.length === 0) await sleep(POLL_MS);
    await healthWith(checkpointOf(Date.now(), { name: NEXT_NAME }));
    answers.written = writtenIs(true);
    expect((await reading).servedBy).toBe('elasticsearch');
    const [shown, searched] = asked.slice(-2);
    expect(shown).toContain(`"index":"${NEXT_NAME}"`);
    expect(searched).toContain(`/${NEXT_NAME}/_search`);
  });

  test('after a change that never was waits only until all that was written before is there', async () => {
    const reading = read([{ kind: 'concert', id: 1, version: 2 }], 60_000);
    const began = Date.now();
    await healthWith(checkpointOf(Date.now() + 500));
    await sleep(100);
    const before = asked.length;
    expect(before).toBeGreaterThan(0);
    while (Date.now() < began + 600) await sleep(POLL_MS);
    await healthWith(checkpointOf(began + 1_500));
    expect((await reading).servedBy).toBe('elasticsearch');
    expect(reasons).toEqual([undefined]);
  });

  test('waits on where the index did not take each concert', async () => {
    const reading = read([{ kind: 'concert', id: 1, version: 2 }], 1_500);
    await sleep(600);
    await healthWith(checkpointOf(Date.now() + 900, { putAside: [13] }));
    expect((await reading).servedBy).toBe('services');
    expect(reasons).toEqual(['not-shown']);
  });

  test('is answered by the services in time when an answer of the index stands still in the middle', async () => {
    answers.search = { ...found(), isCut: true };
    const began = Date.now();
    const { servedBy, stages } = await read([], LEEWAY_MS / 2);
    expect([servedBy, stages]).toEqual(['services', [{ name: 'elasticsearch', durationMs: expect.any(Number) }]]);
    expect(Date.now() - began).toBeLessThan(LEEWAY_MS / 2);
    expect(reasons).toEqual(['failed']);
    answers.checkpoint = { ...checkpointOf(Date.now()), isCut: true };
    while (index.health.state !== 'unavailable') {
      await index.read();
      await sleep(POLL_MS);
    }
  });

  test('after several changes asks again for those alone that are not there', async () => {
    const shown = { responses: [found({}).body, found().body] };
    answers.written = { status: 200, body: shown };
    const reading = read([
      { kind: 'concert', id: 1, version: 2 },
      { kind: 'concert', id: 3, version: 4 },
    ]);
    while (asked.length === 0) await sleep(POLL_MS);
    answers.written = writtenIs(true);
    expect((await reading).servedBy).toBe('elasticsearch');
    expect(asked.slice(0, -1).map((request) => request.split('"index"').length - 1)).toEqual([2, 1]);
  });

  test('does not wait for a change where a hundred wait already', async () => {
    const change: Freshness['afterChange'] = [{ kind: 'concert', id: 1, version: 2 }];
    const reading = Promise.all(Array.from({ length: 100 }, () => read(change, 3_000)));
    expect((await read(change, 60_000)).servedBy).toBe('services');
    answers.written = writtenIs(true);
    expect(new Set((await reading).map(({ servedBy }) => servedBy))).toEqual(new Set(['elasticsearch']));
  });

  test('that fails is told in a short line, and not each time', async () => {
    logged = [];
    answers.search = refused(400, 'x_content_parse_exception', `bad ${'1,'.repeat(10_000)}`);
    for (let reads = 0; reads < 5; reads++) expect((await read()).servedBy).toBe('services');
    expect(reasons).toEqual(Array(5).fill('failed'));
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged).length).toBeLessThan(600);
    expect(logged[0]?.fields).toMatchObject({ requestId: 'a-request', reason: expect.stringContaining('400') });
  });
});
