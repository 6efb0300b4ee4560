import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type Band, bandCalls, bandFeed, bandSteps, type CallContract, type ReplyOf, type RequestOf } from '#contracts';
import { RpcClient } from '#rpc';
import { KeptProcess } from '../bench/kills/kept-process.js';
import { AppProcess } from '../bench/support/app-process.js';
import { freePorts } from '../bench/support/ports.js';
import { seededRandom } from '../bench/support/seeded-random.js';
import { FeedReader, scanned } from '../libs/store/test/feed-reader.js';
import { endOf, newStep } from '../libs/store/test/step-keys.js';
import { describeOnMongo } from './support/mongo.js';

const KILLS = 5;
const MAX_CALM_MS = 1_500;
const WRITERS = 4;
/** Of a write or a reading: a killed process is back within it, also on a busy machine. */
const CALL_TIMEOUT_MS = 20_000;
const TIMEOUT_MS = 180_000;
const SCRIPT = 'apps/bands/src/main.js';

/** The service of the bands in a process of its own, and how it is called. */
class Bands {
  private constructor(
    private readonly folder: string,
    readonly options: { cwd: string; environment: Record<string, string> },
    private readonly client: RpcClient,
  ) {}

  static async place(mongoUrl = ''): Promise<Bands> {
    const folder = await mkdtemp(join(tmpdir(), 'backline-feed-'));
    const [port = 0] = await freePorts(1);
    const environment = {
      DATA_DIR: folder,
      BANDS_TCP_PORT: String(port),
      MONGO_URL: mongoUrl,
      TOMBSTONE_RETENTION_DAYS: '3',
      LOG_LEVEL: 'warn',
    };
    return new Bands(folder, { cwd: folder, environment }, new RpcClient({ service: 'bands', host: '127.0.0.1', port }));
  }

  call<C extends CallContract>(contract: C, request: RequestOf<C>, deadline = Date.now() + CALL_TIMEOUT_MS): Promise<ReplyOf<C>> {
    return this.client.call(contract, request, { deadline, requestId: 'feed', traceId: 'feed' });
  }

  /** Calls until it is answered: whatever the process dies of, it is started again. */
  async callUntilAnswered<C extends CallContract>(contract: C, request: RequestOf<C>): Promise<ReplyOf<C>> {
    for (const deadline = Date.now() + 3 * CALL_TIMEOUT_MS; ; await sleep(50)) {
      try {
        return await this.call(contract, request);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  readonly feed = {
    head: () => this.callUntilAnswered(bandFeed.head, {}),
    changes: (request: RequestOf<typeof bandFeed.changes>) => this.callUntilAnswered(bandFeed.changes, request),
    scan: (request: RequestOf<typeof bandFeed.scan>) => this.callUntilAnswered(bandFeed.scan, request),
  };

  async close(): Promise<void> {
    this.client.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Makes, changes and deletes bands until it is told to stop. @param acknowledged is given the highest version of each */
async function write(bands: Bands, name: string, acknowledged: Map<number, number>, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const made = await endOf(bands.call(bandCalls.upsert, { rows: [{ name: `${name} ${turn}` }] }));
    const id = typeof made === 'object' ? made.items[0]?.id : undefined;
    if (id === undefined) continue;
    acknowledged.set(id, 1);
    const step = { id, stepKey: newStep() };
    const patched: Band | string = await endOf(
      bands.call(bandSteps.patch, { ...step, expectedVersion: 1, patch: { genres: ['patched'] } }),
    );
    if (typeof patched !== 'object') continue;
    acknowledged.set(id, patched.version);
    if (turn % 2) continue;
    const removal = { id, stepKey: newStep(), expectedVersion: patched.version };
    await endOf(bands.call(bandSteps.retire, removal));
    const deleted = await endOf(bands.call(bandSteps.delete, removal));
    if (typeof deleted === 'object') acknowledged.set(id, deleted.version);
  }
}

async function expectNothingMissed(mongoUrl?: string): Promise<void> {
  const bands = await Bands.place(mongoUrl);
  const kept = new KeptProcess('bands', SCRIPT, bands.options);
  try {
    const reader = await FeedReader.atHead(bands.feed);
    const acknowledged = new Map<number, number>();
    const random = seededRandom(1);
    let isOver = false;
    const writing = Array.from({ length: WRITERS }, (_, at) => write(bands, `Writer ${at}`, acknowledged, () => isOver));
    const reading = (async () => {
      while (!isOver) await reader.read(1 + Math.floor(random() * 20), random() < 0.5 ? 500 : 0);
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(random() * MAX_CALM_MS);
      await bands.feed.head();
      await sleep(random() * MAX_CALM_MS);
      kept.kill();
    }
    await bands.feed.head();
    await sleep(MAX_CALM_MS);
    isOver = true;
    await Promise.all([...writing, reading]);
    await reader.readToEnd();
    expect(kept.deaths).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(WRITERS);
    expect(reader.states).toEqual(await scanned(bands.feed, 100));
    const missed = [...acknowledged].filter(([id, version]) => version > (reader.held.get(id)?.version ?? 0));
    expect(missed).toEqual([]);
  } finally {
    await kept.end();
    await bands.close();
  }
}

const killed = 'a service is killed under writes, and who reads its feed misses nothing and is told nothing twice';

describe('on SQLite', () => {
  test(killed, () => expectNothingMissed(), TIMEOUT_MS);

  test(
    'a service says for how long it keeps deletes, and lets those go who wait for changes when it is ended',
    async () => {
      const bands = await Bands.place();
      const app = new AppProcess(SCRIPT, bands.options);
      try {
        const { cursor, tombstoneRetentionMs } = await bands.feed.head();
        expect(tombstoneRetentionMs).toBe(3 * 86_400_000);
        const request = { after: cursor, limit: 1, waitMs: 30_000 };
        const answer = bands.call(bandFeed.changes, request, Date.now() + 60_000);
        await sleep(300);
        const { code } = await app.end();
        expect(await answer).toMatchObject({ items: [], cursor });
        expect(code).toBe(0);
      } finally {
        await app.end();
        await bands.close();
      }
    },
    TIMEOUT_MS,
  );
});

describeOnMongo('on MongoDB', (mongo) => {
  test(killed, () => expectNothingMissed(mongo().urlOf('feed')), TIMEOUT_MS);
});
