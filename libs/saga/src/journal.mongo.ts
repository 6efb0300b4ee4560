import type { Collection, Filter } from 'mongodb';
import type { MongoDatabase, MongoMigrations } from '#database';
import { Fault } from '#problem';
import type { Json } from './asl/json.js';
import type { HistoryEvent } from './asl/step.js';
import {
  type ClaimRequest,
  COUNTED_AT_MOST,
  type Execution,
  type ExecutionCounts,
  type ExecutionPage,
  type ExecutionStatus,
  type Journal,
  type Transition,
  type Within,
} from './journal.js';
import { fromStored, isKeySpent, type StoredExecution, toStored } from './stored-execution.js';

/** An execution with its history: one document, so that one update is one commit of both. */
interface ExecutionDocument extends StoredExecution {
  _id: string;
  /** Whose key it holds; missing when the key went over to a later execution. */
  caller?: string;
  key?: string;
  /** A JSON text a line. */
  history: string[];
}

interface DefinitionDocument {
  /** Its hash. */
  _id: string;
  source: string;
}

const RUNNING = { partialFilterExpression: { status: 'RUNNING' } };

export const journalMigrations: MongoMigrations = [
  [
    { collection: 'executions', name: 'key', key: { caller: 1, key: 1 }, options: { unique: true, sparse: true } },
    { collection: 'executions', name: 'due', key: { dueAt: 1 }, options: RUNNING },
    { collection: 'executions', name: 'failing', key: { failingSince: 1 }, options: RUNNING },
    { collection: 'executions', name: 'status', key: { status: 1, _id: -1 } },
    {
      collection: 'executions',
      name: 'ended',
      key: { endedAt: 1 },
      options: { partialFilterExpression: { endedAt: { $gt: 0 } } },
    },
  ],
];

/** Tries of one begin: each failed one means that the key went from one execution to another in between. */
const MAX_BEGIN_TRIES = 10;

const WITHOUT_HISTORY = { history: 0 } as const;

/** The journal in a MongoDB replica set. */
export class MongoJournal implements Journal {
  private readonly executions: Collection<ExecutionDocument>;
  private readonly definitions: Collection<DefinitionDocument>;

  constructor(private readonly db: MongoDatabase) {
    this.executions = db.collection('executions');
    this.definitions = db.collection('definitions');
  }

  async saveDefinition({ hash, source }: { hash: string; source: Json }, { deadline }: Within): Promise<void> {
    const text = JSON.stringify(source);
    await this.db.write(deadline, (options) =>
      this.definitions.updateOne({ _id: hash }, { $setOnInsert: { source: text } }, { ...options, upsert: true }),
    );
  }

  async definition(hash: string, { deadline }: Within): Promise<Json | undefined> {
    const found = await this.db.read(deadline, (options) => this.definitions.findOne({ _id: hash }, options));
    return found ? JSON.parse(found.source) : undefined;
  }

  async begin(execution: Execution, events: readonly HistoryEvent[], { deadline }: Within) {
    const { caller, key } = execution.idempotencyKey;
    const made = { _id: execution.id, ...toStored(execution), history: texts(events) };
    for (let tries = 0; tries < MAX_BEGIN_TRIES; tries++) {
      // An update that changes nothing still waits for a majority: what is answered here cannot be rolled back.
      const holder = await this.db.write(deadline, (options) =>
        this.executions.findOneAndUpdate(
          { caller, key },
          { $setOnInsert: made },
          { ...options, upsert: true, returnDocument: 'before', projection: WITHOUT_HISTORY },
        ),
      );
      if (!holder) return { execution, begun: true };
      const kept = fromStored(holder);
      if (!isKeySpent(kept, execution.startedAt)) return { execution: kept, begun: false };
      await this.db.write(deadline, (options) =>
        this.executions.updateOne({ _id: kept.id }, { $unset: { caller: 1, key: 1 } }, options),
      );
    }
    throw new Fault('Unavailable', 'an idempotency key was given to other executions again and again');
  }

  async write({ execution, append, rewrite }: Transition, { deadline }: Within): Promise<boolean> {
    const { matchedCount } = await this.db.write(deadline, (options) =>
      this.executions.updateOne(
        { _id: execution.id, revision: execution.revision - 1 },
        {
          $set: { ...toStored(execution), ...(rewrite && { [`history.${rewrite.index}`]: JSON.stringify(rewrite.event) }) },
          ...(append.length > 0 && { $push: { history: { $each: texts(append) } } }),
        },
        options,
      ),
    );
    return matchedCount === 1;
  }

  async claim({ owner, now, leaseUntil, limit, own, writer }: ClaimRequest, { deadline }: Within): Promise<Execution[]> {
    const due = { dueAt: { $lte: now } };
    const claimable: Filter<ExecutionDocument> = own ? { $or: [due, { owner, writer: { $ne: writer } }] } : due;
    const found = await this.db.read(deadline, (options) =>
      this.executions
        .find(
          { status: 'RUNNING', ...claimable },
          { ...options, projection: WITHOUT_HISTORY, hint: 'due', sort: { dueAt: 1 }, limit },
        )
        .toArray(),
    );
    if (found.length === 0) return [];
    const claims = found.map(({ _id, revision }) => ({
      updateOne: {
        filter: { _id, revision },
        update: { $set: { owner, dueAt: leaseUntil, revision: revision + 1, writer } },
      },
    }));
    await this.db.write(deadline, (options) => this.executions.bulkWrite(claims, { ...options, ordered: false }));
    const won = await this.db.read(deadline, (options) =>
      this.executions.distinct('_id', { _id: { $in: found.map(({ _id }) => _id) }, writer }, options),
    );
    const ids = new Set(won);
    return found
      .filter(({ _id }) => ids.has(_id))
      .map((document) => fromStored({ ...document, owner, dueAt: leaseUntil, revision: document.revision + 1, writer }));
  }

  async read(id: string, { deadline }: Within): Promise<Execution | undefined> {
    const found = await this.db.read(deadline, (options) =>
      this.executions.findOne({ _id: id }, { ...options, projection: WITHOUT_HISTORY }),
    );
    return found ? fromStored(found) : undefined;
  }

  async history({ id, from, limit }: { id: string; from: number; limit: number }, { deadline }: Within) {
    const found = await this.db.read(deadline, (options) =>
      this.executions.findOne({ _id: id }, { ...options, projection: { revision: 1, history: { $slice: [from, limit] } } }),
    );
    return (found?.history ?? []).map((text): HistoryEvent => JSON.parse(text));
  }

  async list({ status, after, limit }: ExecutionPage, { deadline }: Within): Promise<Execution[]> {
    const filter: Filter<ExecutionDocument> = {
      ...(status !== undefined && { status }),
      ...(after !== undefined && { _id: { $lt: after } }),
    };
    const found = await this.db.read(deadline, (options) =>
      this.executions.find(filter, { ...options, projection: WITHOUT_HISTORY, sort: { _id: -1 }, limit }).toArray(),
    );
    return found.map(fromStored);
  }

  async counts({ failingBefore }: { failingBefore: number }, { deadline }: Within): Promise<ExecutionCounts> {
    const ofStatus = (status: ExecutionStatus) => this.count({ status }, 'status', deadline);
    const [running, succeeded, failed, aborted, failing] = await Promise.all([
      ofStatus('RUNNING'),
      ofStatus('SUCCEEDED'),
      ofStatus('FAILED'),
      ofStatus('ABORTED'),
      this.count({ status: 'RUNNING', failingSince: { $lt: failingBefore } }, 'failing', deadline),
    ]);
    return { byStatus: { RUNNING: running, SUCCEEDED: succeeded, FAILED: failed, ABORTED: aborted }, failing };
  }

  async removeEnded({ before, limit }: { before: number; limit: number }, { deadline }: Within): Promise<number> {
    const found = await this.db.read(deadline, (options) =>
      this.executions
        .find(
          { endedAt: { $gt: 0, $lt: before } },
          { ...options, projection: { _id: 1 }, hint: 'ended', sort: { endedAt: 1 }, limit },
        )
        .toArray(),
    );
    if (found.length === 0) return 0;
    const { deletedCount } = await this.db.write(deadline, (options) =>
      this.executions.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } }, options),
    );
    return deletedCount;
  }

  ping({ deadline }: Within): Promise<void> {
    return this.db.ping(deadline);
  }

  close(): Promise<void> {
    return this.db.close();
  }

  private count(filter: Filter<ExecutionDocument>, hint: string, deadline: number): Promise<number> {
    return this.db.read(deadline, (options) =>
      this.executions.countDocuments(filter, { ...options, hint, limit: COUNTED_AT_MOST }),
    );
  }
}

const texts = (events: readonly HistoryEvent[]): string[] => events.map((event) => JSON.stringify(event));
