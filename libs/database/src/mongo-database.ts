import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClientSession,
  type Collection,
  type CreateIndexesOptions,
  type Db,
  type Document,
  type IndexSpecification,
  MongoClient,
  type MongoClientOptions,
  type ReadConcernLike,
  type Timestamp,
} from 'mongodb';
import { assertInTime, CannotStart, Fault, remainingMs } from '#problem';
import { isAway, isDuplicateKey, isRefusal, toStoreFault } from './mongo-faults.js';
import type { StoreIdentity } from './store-identity.js';

/** The part of a pino logger that is used here. */
export interface StoreLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The indexes that each version of the schema adds; the first makes it from nothing. */
export type MongoMigrations = readonly (readonly MongoIndex[])[];
export interface MongoIndex {
  collection: string;
  name: string;
  key: IndexSpecification;
  options?: CreateIndexesOptions;
}

/** What every reading is bounded by, and how it reads: only what a majority has, since that alone cannot be rolled back. */
export interface ReadOptions {
  maxTimeMS: number;
  readConcern: ReadConcernLike;
}

/** The one document that tells of the whole store. Who keeps its counters there adds fields to it. */
interface StoreDocument {
  _id: 'store';
  storeId: string;
  /** Of the collection that it was made in: where it is in another one, it came from a backup. */
  collectionId?: string;
  schemaVersion: number;
}

/** What is written to prove that the server is the primary. */
interface PrimaryProof {
  _id: 'primary';
  proofs: number;
}

const DURABLE = { w: 'majority', journal: true } as const;
const COMMITTED: ReadConcernLike = { level: 'majority' };
/** A server that a majority does not follow within this is none, for those who wait. */
const PROOF_TIMEOUT_MS = 2_000;

const RETRY_DELAY_MS = 1_000;
const AWAY_LOG_INTERVAL_MS = 30_000;
/** An answer must still cross the wire before the caller's deadline. */
const ANSWER_MARGIN_MS = 20;
/** Tries of one write that meets others on the same natural key; each failed one means that another writer was done. */
const MAX_WRITE_TRIES = 5;

const CLIENT_OPTIONS: MongoClientOptions = {
  // More do not make one node faster, and a service answers at most a few hundred calls at once.
  maxPoolSize: 16,
  // Connecting, like choosing a server, must leave a call of two seconds the time to say that nobody is there.
  connectTimeoutMS: 1_000,
  serverSelectionTimeoutMS: 1_000,
  // The deadline of a read: nobody waits longer for a connection.
  waitQueueTimeoutMS: 2_000,
  // A server that stopped without a word is found out by the heartbeat, which then frees the connections that wait for it.
  heartbeatFrequencyMS: 1_000,
  // The last resort for a connection whose other end is gone; an index of an old store may take so long to build.
  socketTimeoutMS: 60_000,
  readPreference: 'primary',
  retryReads: true,
  retryWrites: true,
  promoteBuffers: true,
  writeConcern: DURABLE,
};

/** A store in a MongoDB replica set: a database of its own in the server of a URL. */
export class MongoDatabase {
  private lastProof: Promise<void> = Promise.resolve();
  private nextProof: Promise<void> | undefined;

  private constructor(
    private readonly client: MongoClient,
    private readonly db: Db,
    readonly identity: StoreIdentity,
    readonly logger: StoreLogger,
  ) {}

  /**
   * Connects, makes the database when missing, and brings its indexes up to date. Waits for a MongoDB that is away, and
   * says so.
   * @throws CannotStart with one line when it is no replica set, refuses us, or holds a store of a newer version.
   */
  static async open(
    { url, service }: { url: string; service: string },
    migrations: MongoMigrations,
    logger: StoreLogger,
  ): Promise<MongoDatabase> {
    const { client, name } = clientOf(url, service);
    const hosts = client.options.srvHost ?? client.options.hosts.join(',');
    for (let silentUntil = 0; ; await sleep(RETRY_DELAY_MS)) {
      try {
        await client.connect();
        const db = client.db(name);
        const identity = await prepare(db, migrations, hosts);
        sayWhenAway(client, hosts, logger);
        return new MongoDatabase(client, db, identity, logger);
      } catch (error) {
        if (!isAway(error)) {
          await client.close();
          throw isRefusal(error) ? new CannotStart(`the MongoDB at ${hosts} refuses: ${error.message}`) : error;
        }
        if (Date.now() < silentUntil) continue;
        silentUntil = Date.now() + AWAY_LOG_INTERVAL_MS;
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn({ hosts, reason }, `MongoDB at ${hosts} does not answer (${reason}); trying every second`);
      }
    }
  }

  collection<D extends Document>(name: string): Collection<D> {
    return this.db.collection<D>(name);
  }

  /** Runs a reading, which ends with an answer or a fault before the deadline. */
  read<T>(deadline: number, run: (options: ReadOptions) => Promise<T>): Promise<T> {
    return this.inTime(deadline, () => run({ maxTimeMS: maxTimeMs(deadline), readConcern: COMMITTED }));
  }

  /**
   * Runs a write that needs no transaction: on disk on a majority when it returns. Whether it took place when it ends with
   * a fault is open.
   */
  write<T>(deadline: number, run: (options: { maxTimeMS: number }) => Promise<T>): Promise<T> {
    return this.inTime(deadline, () => run({ maxTimeMS: maxTimeMs(deadline) }));
  }

  /**
   * Runs a transaction: on disk on a majority when it returns, or nothing is written. It is tried again when another
   * writer was in its way.
   */
  transaction<T>(deadline: number, work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.inTime(deadline, async () => {
      for (let tries = 0; ; tries++) {
        try {
          return await this.client.withSession((session) =>
            session.withTransaction(
              () => {
                assertInTime(deadline);
                return work(session);
              },
              { readConcern: { level: 'snapshot' }, writeConcern: DURABLE, maxCommitTimeMS: maxTimeMs(deadline) },
            ),
          );
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          if (tries + 1 >= MAX_WRITE_TRIES)
            throw new Fault('Overloaded', 'other writers of the same records were always faster', { cause: error });
        }
      }
    });
  }

  ping(deadline: number): Promise<void> {
    return this.inTime(deadline, async () => {
      await this.db.command({ ping: 1, maxTimeMS: maxTimeMs(deadline) });
    });
  }

  /**
   * Resolves when the server was the primary for certain after this was called: what it reads from then on has all that
   * was acknowledged before, which one that was deposed and does not know it yet has not. A write that a majority has is
   * the proof; a linearizable reading is one too, but takes 100 ms. Who asks while a proof is under way shares the next.
   */
  confirmPrimary(deadline: number): Promise<void> {
    return this.inTime(deadline, () => {
      this.nextProof ??= this.lastProof.then(() => {
        const proof = this.prove();
        this.nextProof = undefined;
        this.lastProof = proof.then(nothing, nothing);
        return proof;
      });
      return this.nextProof;
    });
  }

  /**
   * A time of the server's clock behind all that was acknowledged before this was called. Of all that is earlier nothing
   * is rolled back, and whoever reads what a majority has sees it.
   */
  presentTime(deadline: number): Promise<Timestamp> {
    return this.inTime(deadline, () =>
      this.client.withSession(async (session) => {
        await this.prove(session);
        if (!session.operationTime) throw new TypeError('MongoDB did not say when it wrote');
        return session.operationTime;
      }),
    );
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async prove(session?: ClientSession): Promise<void> {
    const options = { upsert: true, writeConcern: { ...DURABLE, wtimeoutMS: PROOF_TIMEOUT_MS }, ...(session && { session }) };
    await this.db.collection<PrimaryProof>('store').updateOne({ _id: 'primary' }, { $inc: { proofs: 1 } }, options);
  }

  /** The driver ends an operation in its own time; nobody waits longer for it than until the deadline. */
  private async inTime<T>(deadline: number, run: () => Promise<T>): Promise<T> {
    assertInTime(deadline);
    const late = Promise.withResolvers<never>();
    // A plain timer: to abort one that is a promise costs ten times as much, for every query.
    const timer = setTimeout(
      () => late.reject(new Fault('Timeout', 'MongoDB did not answer before the deadline')),
      Math.max(0, remainingMs(deadline) - ANSWER_MARGIN_MS),
    );
    try {
      return await Promise.race([run(), late.promise]);
    } catch (error) {
      throw toStoreFault(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

const nothing = (): undefined => undefined;

const maxTimeMs = (deadline: number): number => Math.max(1, remainingMs(deadline) - ANSWER_MARGIN_MS);

function clientOf(url: string, service: string): { client: MongoClient; name: string } {
  try {
    const client = new MongoClient(url, { ...CLIENT_OPTIONS, appName: `backline-${service}` });
    return { client, name: databaseName(url, service) };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    // Some messages repeat the address, with the user and the password in it.
    throw new CannotStart(`the address of the MongoDB of ${service} is wrong: ${line.replace(/\/\/.*@/, '//')}`);
  }
}

/** `backline-bands` in a server, or `festival-bands` when its URL names the database `festival`. */
export function databaseName(url: string, service: string): string {
  const [, named = ''] = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(url) ?? [];
  return `${decodeURIComponent(named) || 'backline'}-${service}`;
}

async function prepare(db: Db, migrations: MongoMigrations, hosts: string): Promise<StoreIdentity> {
  const hello = await db.admin().command({ hello: 1 });
  if (hello['setName'] === undefined) {
    throw new CannotStart(
      `the MongoDB at ${hosts} is not a replica set; one node is enough: start it with --replSet rs0 and run rs.initiate() once`,
    );
  }
  const store = db.collection<StoreDocument>('store');
  const made = { storeId: randomUUID(), schemaVersion: 0 };
  await store.updateOne({ _id: 'store' }, { $setOnInsert: made }, { upsert: true });
  await renewStoreId(db, store);
  const present = await store.findOne({ _id: 'store' }, { readConcern: COMMITTED });
  if (!present) throw new CannotStart(`the store ${db.databaseName} at ${hosts} was removed while it was being made`);
  const { storeId, schemaVersion } = present;
  if (schemaVersion > migrations.length) {
    throw new CannotStart(
      `the store ${db.databaseName} at ${hosts} has schema version ${schemaVersion}, made by a newer Backline; ` +
        `this one knows up to ${migrations.length}`,
    );
  }
  for (const { collection, key, name, options } of migrations.flat()) {
    await db.collection(collection).createIndex(key, { ...options, name });
  }
  await store.updateOne(
    { _id: 'store', schemaVersion: { $lt: migrations.length } },
    { $set: { schemaVersion: migrations.length } },
  );
  return { store: 'mongodb', storeId, schemaVersion: migrations.length };
}

/**
 * A restored backup brings the id of its store along, and is another store. So is what does not say where it was made: it
 * is older than the feed, new or from a backup, and nobody has read from it.
 */
async function renewStoreId(db: Db, store: Collection<StoreDocument>): Promise<void> {
  const [collection] = await db.listCollections({ name: store.collectionName }, { nameOnly: false }).toArray();
  const collectionId = collection?.info?.uuid?.toString();
  if (collectionId === undefined) return;
  await store.updateOne({ _id: 'store', collectionId: { $ne: collectionId } }, { $set: { collectionId, storeId: randomUUID() } });
}

/** One line when a MongoDB is lost, and one when it is back. */
function sayWhenAway(client: MongoClient, hosts: string, logger: StoreLogger): void {
  let away = false;
  client.on('topologyDescriptionChanged', ({ newDescription }) => {
    const present = [...newDescription.servers.values()].some((server) => server.isWritable);
    if (present !== away) return;
    away = !present;
    if (away) logger.warn({ hosts }, `MongoDB at ${hosts} does not answer; trying every second`);
    else logger.info({ hosts }, `MongoDB at ${hosts} answers again`);
  });
}
