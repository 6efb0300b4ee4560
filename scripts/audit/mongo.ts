import { type Collection, type Document, MongoClient, type MongoClientOptions } from 'mongodb';
import type { ServiceName } from '#config';
import { databaseName } from '#database';
import {
  CannotAudit,
  ENTITY_PAGE_SIZE,
  type EntityStore,
  EXECUTION_PAGE_SIZE,
  type ExecutionStore,
  type StoreFault,
} from './stored.js';
import type { RawEntity } from './stored-entity.js';
import type { RawExecution } from './stored-execution.js';

const ENTITY_SCHEMA = 3;
const JOURNAL_SCHEMA = 1;

/** What a majority has cannot be rolled back. */
const OPTIONS: MongoClientOptions = {
  appName: 'backline-audit',
  serverSelectionTimeoutMS: 5_000,
  readPreference: 'primary',
  readConcern: { level: 'majority' },
  promoteBuffers: true,
};

/** The document that tells of the whole store. */
interface StoreDocument {
  _id: 'store';
  schemaVersion: number;
  nextId?: number;
}
interface EntityDocument extends Document {
  _id: number;
}
interface ExecutionDocument extends Document {
  _id: string;
}

/** The store of a kind of entity in a MongoDB, and what closes it. @throws CannotAudit */
export async function openMongoEntities(url: string, kind: ServiceName) {
  const { client, db } = await connect(url, kind, ENTITY_SCHEMA);
  return { store: new MongoEntityStore(db.collection(kind), db.collection('store')), close: () => client.close() };
}

/** The journal in a MongoDB, and what closes it. @throws CannotAudit */
export async function openMongoExecutions(url: string) {
  const { client, db } = await connect(url, 'orchestrator', JOURNAL_SCHEMA);
  const store = new MongoExecutionStore(db.collection('executions'), db.collection('definitions'));
  return { store, close: () => client.close() };
}

async function connect(url: string, service: string, schema: number) {
  const name = databaseName(url, service);
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(url, OPTIONS);
    const db = client.db(name);
    const store = await db.collection<StoreDocument>('store').findOne({ _id: 'store' });
    if (!store) throw new CannotAudit(`there is no store ${name} in the MongoDB of ${service}`);
    if (store.schemaVersion === schema) return { client, db };
    throw new CannotAudit(`the store ${name} has schema version ${store.schemaVersion}; this audit knows version ${schema}`);
  } catch (error) {
    await client?.close();
    if (error instanceof CannotAudit) throw error;
    // Some messages repeat the address, with the user and the password in it.
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new CannotAudit(`the MongoDB of ${service} cannot be read: ${line.replace(/\/\/.*@/, '//')}`);
  }
}

class MongoEntityStore implements EntityStore {
  readonly form = 'fields';

  constructor(
    private readonly documents: Collection<EntityDocument>,
    private readonly counters: Collection<StoreDocument>,
  ) {}

  async *pages(): AsyncIterable<RawEntity[]> {
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const found = await this.documents.find({ _id: { $gt: after } }, { sort: { _id: 1 }, limit: ENTITY_PAGE_SIZE }).toArray();
      const last = found.at(-1);
      if (!last) return;
      yield found.map(entityIn);
      after = last._id;
    }
  }

  async byIds(ids: readonly number[]): Promise<RawEntity[]> {
    const found = await this.documents.find({ _id: { $in: [...ids] } }).toArray();
    return found.map(entityIn);
  }

  async faults(): Promise<StoreFault[]> {
    // The counter only ever rises: what is read later is at least as high.
    const [largest] = await this.documents.find({}, { sort: { _id: -1 }, limit: 1, projection: { _id: 1 } }).toArray();
    const counters = await this.counters.findOne({ _id: 'store' });
    const nextId = counters?.nextId ?? 1;
    const isGiven = largest && largest._id >= nextId;
    const doubled = await this.documents.aggregate<{ id: number }>(SAME_KEY, { allowDiskUse: true }).toArray();
    return [
      ...(isGiven ? [{ sort: 'torn', what: `the next id is ${nextId}, and ${largest._id} is given already` } as const] : []),
      ...doubled.map(({ id }) => ({ sort: 'doubled', id, what: 'an earlier one has the same key for itself' }) as const),
    ];
  }
}

function entityIn({ _id: id, version, saga, twin, deleted, ...document }: EntityDocument): RawEntity {
  const isDeleted = deleted !== undefined;
  const {
    key: _key,
    rev: _rev,
    committedAt: _committedAt,
    sameVersion: _sameVersion,
    writtenAt: _writtenAt,
    ...fields
  } = document;
  const isEmpty = Object.keys(fields).length === 0;
  return { id, isDeleted, version, document: isEmpty ? undefined : document, saga, twin, beside: document };
}

const SAME_KEY = [
  { $match: { twin: 0 } },
  { $group: { _id: '$key', id: { $max: '$_id' }, count: { $sum: 1 } } },
  { $match: { count: { $gt: 1 } } },
];

class MongoExecutionStore implements ExecutionStore {
  constructor(
    private readonly executions: Collection<ExecutionDocument>,
    private readonly hashes: Collection<ExecutionDocument>,
  ) {}

  async *pages(): AsyncIterable<RawExecution[]> {
    for (let after = ''; ; ) {
      const found = await this.#find({ _id: { $gt: after } }, EXECUTION_PAGE_SIZE);
      const last = found.at(-1);
      if (!last) return;
      yield found;
      after = last.id;
    }
  }

  byIds(ids: readonly string[]): Promise<RawExecution[]> {
    return this.#find({ _id: { $in: ids } }, Math.max(1, ids.length));
  }

  async holderOf({ caller, key }: { caller: string; key: string }): Promise<RawExecution | undefined> {
    return (await this.#find({ caller, key }, 1))[0];
  }

  async definitions(hashes: readonly string[]): Promise<string[]> {
    const found = await this.hashes.find({ _id: { $in: [...hashes] } }, { projection: { _id: 1 } }).toArray();
    return found.map(({ _id }) => _id);
  }

  async faults(): Promise<StoreFault[]> {
    const doubled = await this.executions.aggregate<{ id: string }>(SAME_REQUEST, { allowDiskUse: true }).toArray();
    return doubled.map(({ id }) => ({ sort: 'doubled', id, what: 'an earlier one has the same key of the same caller' }));
  }

  /** A history stays where it is, but for its length. */
  #find(filter: Document, limit: number): Promise<RawExecution[]> {
    return this.executions
      .aggregate<ExecutionDocument>([
        { $match: filter },
        { $sort: { _id: 1 } },
        { $limit: limit },
        { $set: { lines: { $size: '$history' } } },
        { $unset: 'history' },
      ])
      .map(executionIn)
      .toArray();
  }
}

const SAME_REQUEST = [
  { $match: { key: { $exists: true } } },
  { $group: { _id: { caller: '$caller', key: '$key' }, id: { $max: '$_id' }, count: { $sum: 1 } } },
  { $match: { count: { $gt: 1 } } },
];

const executionIn = ({ _id: id, rest, status, dueAt, failingSince, endedAt, caller, key, lines }: Document): RawExecution => ({
  id,
  rest,
  status,
  dueAt,
  failingSince,
  endedAt,
  caller,
  key,
  lines,
});
