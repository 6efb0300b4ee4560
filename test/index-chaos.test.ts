import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig, serviceNames } from '#config';
import { concertCalls } from '#contracts';
import { generateWorld } from '#demo';
import { Client } from '../bench/kills/client.js';
import type { Write } from '../bench/kills/writes.js';
import { IndexedSystem } from '../bench/search-index/indexed-system.js';
import { CHAOS_WORLD, killUnderWrites } from '../bench/search-index/kills.js';
import { rebuildUnderLoad } from '../bench/search-index/rebuild.js';
import { SteadyWrites } from '../bench/search-index/steady-writes.js';
import { OwnElasticsearch } from '../bench/support/own-elasticsearch.js';
import { backUp } from '../scripts/backup/back-up.js';
import { restore } from '../scripts/backup/restore.js';
import { describeWithOwnElasticsearch } from './support/elasticsearch.js';
import { describeOnMongo } from './support/mongo.js';

/** Until what must come to be so is: long enough for a busy machine; nothing here asserts a speed. */
const PATIENCE_MS = 60_000;
/** `bench/index-kills.ts` kills more, under more writes. */
const SHORT = { writes: 200, rate: 40, indexerKills: 3, elasticsearchStops: 1, equalWithinMs: PATIENCE_MS };
const START_TIMEOUT_MS = 200_000;
const TEST_TIMEOUT_MS = 300_000;
const DATE = 1_909_339_200_000;
const HOUR_MS = 3_600_000;

describeWithOwnElasticsearch('a search index', () => {
  let elasticsearch: OwnElasticsearch;
  let system: IndexedSystem;
  let client: Client;
  let made = 0;
  beforeAll(async () => {
    elasticsearch = await OwnElasticsearch.start();
  }, START_TIMEOUT_MS);
  afterAll(() => elasticsearch?.stop(), START_TIMEOUT_MS);

  const startBefore = (mongoUrl: () => string | undefined, isDisturbed: boolean) => {
    beforeAll(async () => {
      system = await IndexedSystem.start({ elasticsearch, mongoUrl: mongoUrl(), isDisturbed });
      client = new Client([system.processes.writesUrl], Math.random);
    }, START_TIMEOUT_MS);
    afterAll(() => system?.close(), START_TIMEOUT_MS);
  };

  const written = async (write: Omit<Write, 'key' | 'kind'>): Promise<Record<string, number>> => {
    const { answer } = await client.exchange({ key: randomUUID(), kind: 'concerts', ifMatch: '*', ...write });
    if (answer.status >= 300) throw new Error(`${write.method} ${write.path} was answered with ${answer.status} ${answer.text}`);
    return answer.text === '' ? {} : JSON.parse(answer.text);
  };
  /** Of a band of its own, on a date of its own: it may be moved to any other band. */
  const created = () => {
    made += 1;
    const [band, venue] = [{ name: `Band of ${made}` }, { name: 'A hall', latitude: 53.5, longitude: 9.9 }];
    const body = { band, venue, date: DATE + made * HOUR_MS };
    return written({ verb: 'create', method: 'POST', path: '/concerts', body });
  };

  /** What searches find of a band, with all that was answered before. */
  async function found(bandId: number | undefined): Promise<number[]> {
    await system.untilCompleteSince(Date.now(), PATIENCE_MS);
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(100)) {
      const { servedBy, text } = await system.read(`/concerts?bandIds=${bandId}`);
      if (servedBy === 'elasticsearch') return JSON.parse(text).map(({ id }: { id: number }) => id);
      if (Date.now() > deadline) throw new Error(`the search is answered by ${servedBy}`);
    }
  }

  /** The indexer dies before, and lives again after. */
  async function withoutIndexer<T>(work: () => Promise<T>): Promise<T> {
    await system.processes.process('indexer').end('SIGKILL');
    try {
      return await work();
    } finally {
      system.processes.start('indexer');
    }
  }

  const stories = (mongoUrl: () => string | undefined) => {
    startBefore(mongoUrl, true);

    test(
      'is equal to the services after kills of its indexer and of Elasticsearch, with requests repeated, delayed and cut',
      async () => {
        const { broken, stops, exchanges } = await killUnderWrites(system, elasticsearch, SHORT);
        system.calm();
        expect(broken).toEqual([]);
        expect(stops).toHaveLength(SHORT.elasticsearchStops);
        expect(exchanges).toHaveLength(SHORT.writes);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      'has a concert under the band that it was moved to alone, and back, the indexer killed between',
      async () => {
        const [first, second] = [await created(), await created()];
        for (const [to, from] of [
          [second, first],
          [first, second],
        ] as const) {
          const body = { band: { id: to['bandId'] } };
          await withoutIndexer(() => written({ verb: 'patch', method: 'PATCH', path: `/concerts/${first['id']}`, body }));
          expect(await found(to['bandId'])).toContain(first['id']);
          expect(await found(from['bandId'])).not.toContain(first['id']);
        }
      },
      TEST_TIMEOUT_MS,
    );

    test(
      'keeps a deleted concert deleted when an older state of it comes late, the indexer killed before',
      async () => {
        const { id = 0, bandId } = await created();
        expect(await found(bandId)).toEqual([id]);
        const late = await liveEntryOf(id);
        await withoutIndexer(() => written({ verb: 'delete', method: 'DELETE', path: `/concerts/${id}` }));
        expect(await found(bandId)).toEqual([]);
        const index = (await system.indices.current()) ?? '';
        expect(await system.indices.write(index, [late])).toEqual([{ outcome: 'newer' }]);
        await system.indices.refresh(index);
        expect(await found(bandId)).toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      'is filled anew while clients read and write, and no read fails or misses a concert',
      async () => {
        const { bands, venues } = generateWorld(CHAOS_WORLD);
        const writes = new SteadyWrites({ bands: bands.length, venues: venues.length });
        const { broken, pages } = await rebuildUnderLoad(system, writes, { rate: 10, readers: 1 });
        expect(broken).toEqual([]);
        expect(Object.keys(pages)).not.toHaveLength(0);
        expect(await system.disagreements()).toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );
  };

  /** A concert as the index has it, without its parts. */
  async function liveEntryOf(id: number) {
    const caller = system.processes.client('concerts');
    try {
      const asking = { deadline: Date.now() + PATIENCE_MS, requestId: 'late', traceId: 'late' };
      const { items } = await caller.call(concertCalls.byIds, { ids: [id] }, asking);
      const [entry] = await system.indices.entriesAfter((await system.indices.current()) ?? '', id - 1, 1);
      const [concert] = items;
      if (!concert || !entry) throw new Error('the concert is there, and in the index');
      return { id, versions: entry.versions, concert, band: null, venue: null, event: null };
    } finally {
      caller.close();
    }
  }

  describe('of SQLite stores', () => stories(() => undefined));
  describeOnMongo('of MongoDB stores', (mongo) => stories(() => mongo().urlOf(`chaos-${randomUUID().slice(0, 8)}`)));

  describe('of SQLite stores that are replaced', () => {
    startBefore(() => undefined, false);
    const stores = [...serviceNames, 'orchestrator'] as const;
    const config = () => readConfig(system.processes.environment);
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'backline-index-backup-'));
      await system.processes.load({ bands: 10, concerts: 300 });
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** The services and the orchestrator end, and start on what is there then. */
    const whileEnded = async (work: () => Promise<unknown>) => {
      await Promise.all(stores.map((name) => system.processes.process(name).end()));
      await work();
      for (const name of stores) system.processes.start(name);
      await system.processes.ready();
    };
    const expectEqual = async (concerts: number) => {
      expect(await system.untilEqual(PATIENCE_MS)).toMatchObject({ concerts, differences: [] });
      await system.untilServed();
      expect(await system.disagreements()).toEqual([]);
    };

    test(
      'is equal to a backup that was restored, without a hand',
      async () => {
        await expectEqual(300);
        await backUp(config(), { to: folder, replace: false });
        const later = await created();
        expect(await found(later['bandId'])).toEqual([later['id']]);
        await whileEnded(() => restore(config(), { from: folder, replace: true }));
        await expectEqual(300);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      'is equal to what comes after the data folder was emptied, without a hand',
      async () => {
        await whileEnded(() => rm(config().dataDir, { recursive: true }));
        await expectEqual(0);
        const first = await created();
        expect(await found(first['bandId'])).toEqual([first['id']]);
        await expectEqual(1);
      },
      TEST_TIMEOUT_MS,
    );
  });
});
