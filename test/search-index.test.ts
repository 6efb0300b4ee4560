import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '#clock';
import { concertCalls } from '#contracts';
import { ElasticsearchIndices, OwnerServices, openElasticsearch, type Verification, verify } from '#search-index';
import { etagOf, expectStatus, numberIn } from './support/answers.js';
import type { Answer, ApiClient } from './support/api-client.js';
import { describeOnElasticsearch, type TestElasticsearch } from './support/elasticsearch.js';
import { describeOnMongo } from './support/mongo.js';
import { System } from './support/system.js';

const DATE = 1_909_339_200_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Long enough for a busy machine; nothing here asserts a speed. */
const PATIENCE_MS = 60_000;
const START_TIMEOUT_MS = 120_000;
/** For a write on a busy machine. */
const PATIENT = { prefer: 'wait=20' };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

describeOnElasticsearch('the search index', (elasticsearch) => {
  describe('of SQLite stores', () => stories(elasticsearch, () => ({})));
  describeOnMongo('of MongoDB stores', (mongo) => {
    stories(elasticsearch, () => ({ MONGO_URL: mongo().urlOf(`index-${randomUUID().slice(0, 8)}`) }));
  });
});

type Indexer = Awaited<ReturnType<System['startIndexer']>>;

function stories(elasticsearch: () => TestElasticsearch, stores: () => Record<string, string>): void {
  let system: System;
  let indexer: Indexer;
  let indices: ElasticsearchIndices;
  let closeClient: () => Promise<void>;
  let made = 0;

  beforeAll(async () => {
    const config = elasticsearch().newConfig();
    system = await System.start({
      ...stores(),
      ELASTICSEARCH_URL: elasticsearch().url,
      ELASTICSEARCH_ALIAS: config.alias,
      READ_MODEL: 'elasticsearch',
    });
    const client = await openElasticsearch(config);
    closeClient = () => client.close();
    indices = new ElasticsearchIndices(client, config.alias);
    indexer = await system.startIndexer();
    await untilServed('/concerts?bandIds=1');
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await system?.close();
    await closeClient?.();
  }, START_TIMEOUT_MS);

  const band = () => ({ name: `Band ${++made}` });
  const venue = () => ({ name: `Hall ${++made}`, latitude: 53.5, longitude: 9.9, city: 'Hamburg', country: 'DE' });
  const concert = async (more: object = {}) =>
    expectStatus(await system.writes.post('/concerts', { band: band(), venue: venue(), date: DATE, ...more }, PATIENT), 201);
  const tokenOf = ({ headers }: Answer) => ({ 'after-change': headers.get('change-token') ?? '' });

  /** What searches find in the index after a write. */
  async function found(path: string, after: Answer): Promise<number[]> {
    const answer = await eventually(
      () => system.api.get(path, tokenOf(after)),
      ({ headers }) => headers.get('served-by') === 'elasticsearch',
    );
    const rows: { id: number }[] = JSON.parse(answer.text);
    return rows.map(({ id }) => id);
  }

  const untilServed = (path: string) =>
    eventually(
      () => system.api.get(path),
      ({ headers }) => headers.get('served-by') === 'elasticsearch',
    );

  async function compared(): Promise<Verification> {
    const index = await indices.current();
    if (index === undefined) throw new Error('there is no index');
    const ground = { clock: systemClock, random: Math.random, logger: silent };
    const services = new OwnerServices({ callers: system.clients, clock: systemClock, run: randomUUID() });
    const parts = { ground, services, indices, index, storeIds: await services.storeIds() };
    return verify(parts, AbortSignal.timeout(PATIENCE_MS));
  }

  test('finds a concert that was just written, and says how old its answers may be', async () => {
    const written = await concert();
    const bandId = numberIn(written, 'bandId');
    expect(await found(`/concerts?bandIds=${bandId}`, written)).toEqual([numberIn(written)]);
    const answer = await untilServed(`/concerts?bandIds=${bandId}`);
    expect(Number(answer.headers.get('data-age'))).toBeLessThan(10_000);
  });

  test('follows a band, a venue and an event that change', async () => {
    const written = await concert({ event: { name: 'Harbour Nights', kind: 'festival' } });
    const path = `/concerts?bandIds=${numberIn(written, 'bandId')}`;
    await found(path, written);
    for (const [kind, field] of [
      ['bands', 'bandId'],
      ['venues', 'venueId'],
      ['events', 'eventId'],
    ] as const) {
      const of = `/${kind}/${numberIn(written, field)}`;
      const etag = (await system.api.get(of)).headers.get('etag') ?? '';
      const changed = await system.writes.patch(of, { name: `Renamed ${kind}` }, { ...PATIENT, 'if-match': etag });
      expectStatus(changed, 200);
      await found(path, changed);
      expect((await untilServed(path)).text).toContain(`Renamed ${kind}`);
    }
  });

  test('finds a concert under the band that it was moved to, and not under the one of before, and back', async () => {
    const [first, second] = [await concert(), await concert()];
    const id = numberIn(first);
    const [from, to] = [numberIn(first, 'bandId'), numberIn(second, 'bandId')];
    for (const [bandId, other] of [
      [to, from],
      [from, to],
    ] as const) {
      await indexer.close();
      indexer = await system.startIndexer();
      const etag = (await system.api.get(`/concerts/${id}?consistency=strong`)).headers.get('etag') ?? '';
      const moved = await system.writes.patch(`/concerts/${id}`, { band: { id: bandId } }, { ...PATIENT, 'if-match': etag });
      expectStatus(moved, 200);
      expect(await found(`/concerts?bandIds=${bandId}`, moved)).toContain(id);
      expect(await found(`/concerts?bandIds=${other}`, moved)).not.toContain(id);
    }
  });

  test('keeps a deleted concert deleted, also when an older state of it comes late', async () => {
    const written = await concert();
    const id = numberIn(written);
    const path = `/concerts?bandIds=${numberIn(written, 'bandId')}`;
    expect(await found(path, written)).toEqual([id]);
    const { items } = await system.clients.concerts.call(concertCalls.byIds, { ids: [id] }, system.context());
    const index = (await indices.current()) ?? '';
    const [entry] = await indices.entriesAfter(index, id - 1, 1);
    const [record] = items;
    if (!record || !entry) throw new Error('the concert is there, and in the index');
    const deleted = await system.writes.delete(`/concerts/${id}`, { ...PATIENT, ...etagOf(written) });
    expectStatus(deleted, 204);
    expect(await found(path, deleted)).toEqual([]);
    const late = { id, versions: entry.versions, concert: record, band: null, venue: null, event: null };
    expect(await indices.write(index, [late])).toEqual([{ outcome: 'newer' }]);
    await indices.refresh(index);
    expect(await found(path, deleted)).toEqual([]);
  });

  test('composes the many concerts of one band anew while other changes come through', async () => {
    const star = await concert();
    const bandId = numberIn(star, 'bandId');
    const concerts = Array.from({ length: 1_200 }, (_, at) => ({
      bandId,
      venueId: numberIn(star, 'venueId'),
      date: DATE + (at + 1) * HOUR_MS,
    }));
    await system.load({ concerts });
    const renamed = await system.writes.patch(`/bands/${bandId}`, { name: 'The Star' }, { ...PATIENT, 'if-match': '"1"' });
    expectStatus(renamed, 200);
    const other = await concert();
    expect(await found(`/concerts?bandIds=${numberIn(other, 'bandId')}`, other)).toEqual([numberIn(other)]);
    const ids = await found(`/concerts?bandIds=${bandId}&limit=2000`, renamed);
    expect(ids).toHaveLength(1_201);
    const { text } = await untilServed(`/concerts?bandIds=${bandId}&limit=2000`);
    expect(text.split('"band":"The Star"')).toHaveLength(1_202);
    expect((await compared()).differences).toEqual([]);
  });

  test('is led by another indexer when the one that leads it ends, and by nobody else before', async () => {
    const standby = await system.startIndexer({ INDEXER_NAME: 'standby' });
    const stateOf = async ({ api }: { api: ApiClient }) => JSON.parse((await api.get('/health/ready')).text).state;
    await eventually(
      () => stateOf(standby),
      (state) => state === 'standing by',
    );
    expect(await stateOf(indexer)).toBe('following');
    await indexer.close();
    const written = await concert();
    expect(await found(`/concerts?bandIds=${numberIn(written, 'bandId')}`, written)).toEqual([numberIn(written)]);
    expect(await stateOf(standby)).toBe('following');
    indexer = await system.startIndexer();
    await standby.close();
  });

  test('answers from the services while its indexer is away for long, and says so', async () => {
    await indexer.close();
    const written = await concert();
    const path = `/concerts?bandIds=${numberIn(written, 'bandId')}`;
    const answer = await system.api.get(path, tokenOf(written));
    expect(answer.headers.get('served-by')).toBe('services');
    expect(answer.headers.get('data-age')).toBe('0');
    expect(JSON.parse(answer.text)).toHaveLength(1);
    indexer = await system.startIndexer();
    expect(await found(path, written)).toEqual([numberIn(written)]);
  });

  test('looks at all concerts again when the places in the feeds are lost', async () => {
    const written = await concert();
    const doomed = await concert();
    await found(`/concerts?bandIds=${numberIn(doomed, 'bandId')}`, doomed);
    await indexer.close();
    await setCheckpoint((checkpoint) => {
      for (const feed of Object.values(checkpoint.feeds)) feed.cursor = 'lost';
    });
    expectStatus(await system.writes.delete(`/concerts/${numberIn(doomed)}`, { ...PATIENT, ...etagOf(doomed) }), 204);
    const before = await indices.current();
    indexer = await system.startIndexer();
    const last = await concert();
    expect(await found(`/concerts?bandIds=${numberIn(last, 'bandId')}`, last)).toEqual([numberIn(last)]);
    expect(await found(`/concerts?bandIds=${numberIn(doomed, 'bandId')}`, written)).toEqual([]);
    expect(await indices.current()).toBe(before);
    expect((await compared()).differences).toEqual([]);
  });

  test('is filled from empty when its places in the feeds are lost and older than what is remembered of deletes', async () => {
    await indexer.close();
    await setCheckpoint((checkpoint) => {
      for (const feed of Object.values(checkpoint.feeds))
        Object.assign(feed, { cursor: 'lost', takenAt: Date.now() - 4 * DAY_MS });
    });
    const before = await indices.current();
    indexer = await system.startIndexer();
    await eventually(
      () => indices.current(),
      (name) => name !== before,
    );
    const written = await concert();
    expect(await found(`/concerts?bandIds=${numberIn(written, 'bandId')}`, written)).toEqual([numberIn(written)]);
    expect(await indices.names()).toEqual([await indices.current()]);
    expect((await compared()).differences).toEqual([]);
  });

  async function setCheckpoint(change: (checkpoint: Stored['checkpoint']) => void): Promise<void> {
    const index = (await indices.current()) ?? '';
    const stored = await indices.readCheckpoint(index);
    if (!stored) throw new Error('the index has a checkpoint');
    change(stored.checkpoint);
    await indices.storeCheckpoint(index, stored.checkpoint, stored.position);
  }
}

type Stored = NonNullable<Awaited<ReturnType<ElasticsearchIndices['readCheckpoint']>>>;

/** What is asked for, as soon as it is as it shall be. */
async function eventually<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(100)) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`it did not come to be so: ${JSON.stringify(answer).slice(0, 500)}`);
  }
}
