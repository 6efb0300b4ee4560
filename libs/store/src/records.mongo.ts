import type { ClientSession, Filter } from 'mongodb';
import type { CallContract, ListRequest, UpsertOutcome } from '#contracts';
import type { MongoDatabase } from '#database';
import { type Found, MongoEntities, type MongoKind, type RecordDocument } from './entities.mongo.js';
import { MongoFeed } from './feed.mongo.js';
import { largestId } from './ids.js';
import { nameRange } from './name-range.js';
import type { AnswersTo, Feed, NamedStore, RecordStore, Within } from './port.js';
import { participant, stepsOf } from './steps.js';
import { performStep } from './steps.mongo.js';
import { outcomeOf, type PlannedRow, planUpsert } from './upsert-plan.js';

type Calls = Record<string, CallContract>;

/** So many are counted in a few milliseconds. */
const MANY_DELETED = 10_000;
/** Metrics are read several times a minute. */
const COUNT_KEPT_MS = 60_000;

/** One kind of record in MongoDB. */
export class MongoRecords<R extends V, V, C extends Calls> implements RecordStore<R, V & { id?: number }, AnswersTo<C>> {
  readonly steps: AnswersTo<C>;
  readonly feed: Feed<R>;
  protected readonly entities: MongoEntities<R, V>;
  private counted = { records: 0, until: 0 };

  constructor(
    protected readonly db: MongoDatabase,
    private readonly kind: MongoKind<R, V>,
    tombstoneRetentionMs: number,
  ) {
    this.entities = new MongoEntities(db, kind);
    this.feed = new MongoFeed(db, this.entities, tombstoneRetentionMs);
    const steps = stepsOf(kind);
    this.steps = participant((name, request, { deadline }) => performStep(db, this.entities, steps[name](request), deadline));
  }

  get identity() {
    return this.db.identity;
  }

  byIds(ids: readonly number[], { deadline }: Within): Promise<R[]> {
    return this.db.read(deadline, async (options) => {
      const filter = { _id: { $in: [...ids] }, deleted: { $exists: false } } as const;
      const found = await this.documents.find(filter, { ...options, sort: { _id: 1 } }).toArray();
      return found.map(this.entities.recordIn);
    });
  }

  async upsert(rows: readonly (V & { id?: number })[], { deadline }: Within): Promise<UpsertOutcome[]> {
    const planned = rows.map((row): PlannedRow => {
      return { id: row.id, key: this.kind.key?.(row), fields: this.kind.complete(row) };
    });
    const largestGiven = largestId(planned);
    return this.db.transaction(deadline, async (session) => {
      const outcomes: UpsertOutcome[] = [];
      while (outcomes.length < planned.length) {
        const rest = planned.slice(outcomes.length);
        const found = await this.storedFor(rest, session);
        const plan = planUpsert(rest, found.entities, Date.now());
        await this.entities.write(await this.entities.withIds(plan.writes, largestGiven), found, { session, ordered: true });
        outcomes.push(...plan.outcomes.map(outcomeOf));
      }
      return outcomes;
    });
  }

  /**
   * By the collection's own counter, which is exact but after a crash: counting would read all there is. Of the deleted
   * all are counted, and where they are many the answer is good for a while.
   */
  async count({ deadline }: Within): Promise<number> {
    if (Date.now() < this.counted.until) return this.counted.records;
    return this.db.read(deadline, async (options) => {
      const [all, deleted] = await Promise.all([
        this.documents.estimatedDocumentCount({ maxTimeMS: options.maxTimeMS }),
        this.documents.countDocuments({ deleted: true }, { ...options, hint: 'deleted' }),
      ]);
      const records = all - deleted;
      if (deleted > MANY_DELETED) this.counted = { records, until: Date.now() + COUNT_KEPT_MS };
      return records;
    });
  }

  ping({ deadline }: Within): Promise<void> {
    return this.db.ping(deadline);
  }

  close(): Promise<void> {
    this.feed.endWaits();
    return this.db.close();
  }

  protected get documents() {
    return this.entities.documents;
  }

  private async storedFor(rows: readonly PlannedRow[], session: ClientSession): Promise<Found> {
    const ids = rows.map(({ id }) => id).filter((id) => id !== undefined);
    const keys = rows.map(({ key }) => key).filter((key) => key !== undefined);
    const named: Filter<RecordDocument>[] = [];
    if (ids.length > 0) named.push({ _id: { $in: ids } });
    if (keys.length > 0) named.push({ key: { $in: keys }, twin: 0 });
    if (named.length === 0) return this.entities.foundIn([]);
    const found = await this.documents.find({ $or: named }, { session }).toArray();
    const held = new Set(found.filter(({ twin, deleted }) => twin === 0 && !deleted).map(({ key }) => key));
    const others = keys.filter((key) => !held.has(key));
    // Live twins of one that was deleted or given another key: few, and the next row of that key makes one its holder.
    const twins = { key: { $in: others }, deleted: { $exists: false } } as const;
    if (others.length > 0) found.push(...(await this.documents.find(twins, { session }).toArray()));
    return this.entities.foundIn([...new Map(found.map((document) => [document._id, document])).values()]);
  }
}

/** Records that have a name: their documents have a field `folded`, with an index on it and the id. */
export class MongoNamedRecords<R extends V, V, C extends Calls>
  extends MongoRecords<R, V, C>
  implements NamedStore<R, V & { id?: number }, AnswersTo<C>>
{
  async list({ name, after, limit }: ListRequest, { deadline }: Within): Promise<R[]> {
    const [from, before] = nameRange(name);
    const inPrefix = { $gte: from, $lt: before };
    // Two plain ranges of the index; as one condition with an $or, every record of the same name would be read again.
    const ranges: Filter<RecordDocument>[] = after
      ? [
          { $and: [{ folded: after.name }, { folded: inPrefix }], _id: { $gt: after.id } },
          { $and: [{ folded: { $gt: after.name } }, { folded: inPrefix }] },
        ]
      : [{ folded: inPrefix }];
    const found: RecordDocument[] = [];
    for (const range of ranges) {
      const missing = limit - found.length;
      // For MongoDB a limit of 0 is none.
      if (missing <= 0) break;
      found.push(
        ...(await this.db.read(deadline, (options) =>
          this.documents.find(range, { ...options, sort: { folded: 1, _id: 1 }, limit: missing }).toArray(),
        )),
      );
    }
    return found.map(this.entities.recordIn);
  }
}
