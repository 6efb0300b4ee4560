import type { ClientSession, Collection, Document, Filter } from 'mongodb';
import type { TObject } from 'typebox';
import { completer, type ListRequest, type UpsertOutcome } from '#contracts';
import type { MongoDatabase } from '#database';
import { MongoIds } from './ids.mongo.js';
import { nameRange } from './name-range.js';
import type { NamedStore, RecordStore, Within } from './port.js';
import { idOf, largestId, type PlannedRecord, type PlannedRow, planUpsert } from './upsert-plan.js';

/**
 * How one kind of record lies in its collection: `_id` is its public id, its fields are the document's, and beside them
 * stand the fields that indexes need. `key` is its natural key, and `twin` is 0 for the holder of that key and its own
 * id for any other record that has the same, so that a unique index can hold both.
 */
export interface MongoKind<R, W> {
  collection: string;
  record: TObject;
  /** The fields of the record that a row stands for, without id and version. */
  complete(row: W): Record<string, unknown>;
  /** The natural key; none for a kind without. */
  key?(row: W): string;
  /** What else indexes need. */
  indexed(record: R): Document;
}

export interface RecordDocument {
  _id: number;
  version: number;
  key?: string;
  twin?: number;
  [field: string]: unknown;
}

interface StoredRecord {
  id: number;
  version: number;
}

/** One kind of record in MongoDB: a document a record, replaced whole. */
export class MongoRecords<R extends StoredRecord, W extends { id?: number }> implements RecordStore<R, W> {
  protected readonly documents: Collection<RecordDocument>;
  private readonly ids: MongoIds;
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    protected readonly db: MongoDatabase,
    private readonly kind: MongoKind<R, W>,
  ) {
    this.documents = db.collection(kind.collection);
    this.ids = new MongoIds(db);
    this.completeDocument = completer(kind.record);
  }

  get identity() {
    return this.db.identity;
  }

  byIds(ids: readonly number[], { deadline }: Within): Promise<R[]> {
    return this.db.read(deadline, async (options) => {
      const found = await this.documents.find({ _id: { $in: [...ids] } }, { ...options, sort: { _id: 1 } }).toArray();
      return found.map(this.recordIn);
    });
  }

  async upsert(rows: readonly W[], { deadline }: Within): Promise<UpsertOutcome[]> {
    const planned = rows.map((row): PlannedRow => {
      return { id: row.id, key: this.kind.key?.(row), fields: this.kind.complete(row) };
    });
    const largestGiven = largestId(planned);
    return this.db.transaction(deadline, async (session) => {
      const outcomes: UpsertOutcome[] = [];
      while (outcomes.length < planned.length)
        outcomes.push(...(await this.upsertPlanned(planned.slice(outcomes.length), largestGiven, session)));
      return outcomes;
    });
  }

  /** By the collection's own counter, which is exact but after a crash: counting would read all there is. */
  count({ deadline }: Within): Promise<number> {
    return this.db.read(deadline, ({ maxTimeMS }) => this.documents.estimatedDocumentCount({ maxTimeMS }));
  }

  ping({ deadline }: Within): Promise<void> {
    return this.db.ping(deadline);
  }

  close(): Promise<void> {
    return this.db.close();
  }

  /** Only this store writes the collection, and `completer` gives every field of the schema: what it makes is an R. */
  protected readonly recordIn = (document: RecordDocument): R =>
    ({ id: document._id, ...this.completeDocument(document), version: document.version }) as unknown as R;

  /** Writes as many of the rows as one plan covers. */
  private async upsertPlanned(
    rows: readonly PlannedRow[],
    largestGiven: number,
    session: ClientSession,
  ): Promise<UpsertOutcome[]> {
    const plan = planUpsert(rows, await this.storedFor(rows, session));
    await this.giveIds(plan.writes, largestGiven);
    const operations = plan.writes.map((record) => {
      const document = this.documentOf(record);
      if (!record.stored) return { insertOne: { document } };
      return { replaceOne: { filter: { _id: document._id }, replacement: document } };
    });
    if (operations.length > 0) await this.documents.bulkWrite(operations, { session, ordered: true });
    return plan.outcomes.map(({ record, outcome, keyHolder }) => {
      return { id: idOf(record), outcome, ...(keyHolder && { keyHolder: idOf(keyHolder) }) };
    });
  }

  private async storedFor(rows: readonly PlannedRow[], session: ClientSession): Promise<PlannedRecord[]> {
    const ids = rows.map(({ id }) => id).filter((id) => id !== undefined);
    const keys = rows.map(({ key }) => key).filter((key) => key !== undefined);
    const named: Filter<RecordDocument>[] = [];
    if (ids.length > 0) named.push({ _id: { $in: ids } });
    if (keys.length > 0) named.push({ key: { $in: keys }, twin: 0 });
    if (named.length === 0) return [];
    const found = await this.documents.find({ $or: named }, { session }).toArray();
    const held = new Set(found.filter(({ twin }) => twin === 0).map(({ key }) => key));
    const others = keys.filter((key) => !held.has(key));
    // Twins whose holder was given another key: few, and the next row of that key makes one of them its holder.
    if (others.length > 0) found.push(...(await this.documents.find({ key: { $in: others } }, { session }).toArray()));
    return [...new Map(found.map((document) => [document._id, this.plannedOf(document)])).values()];
  }

  private plannedOf(document: RecordDocument): PlannedRecord {
    const { _id: id, key, twin = 0, version } = document;
    return { id, key, fields: this.completeDocument(document), version, twin: twin !== 0, stored: true };
  }

  private async giveIds(writes: readonly PlannedRecord[], largestGiven: number): Promise<void> {
    const created = writes.filter(({ stored }) => !stored);
    if (created.length === 0) return;
    const without = created.filter(({ id }) => id === undefined);
    const first = await this.ids.take(without.length, largestGiven);
    for (const [index, record] of without.entries()) record.id = first + index;
  }

  private readonly documentOf = (record: PlannedRecord): RecordDocument => {
    const { key, twin, fields, version } = record;
    const id = idOf(record);
    const document = { _id: id, ...fields, version };
    return { ...document, ...(key !== undefined && { key, twin: twin ? id : 0 }), ...this.kind.indexed(this.recordIn(document)) };
  };
}

/** Records that have a name: their documents have a field `folded`, with an index on it and the id. */
export class MongoNamedRecords<R extends StoredRecord, W extends { id?: number; name: string }>
  extends MongoRecords<R, W>
  implements NamedStore<R, W>
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
    return found.map(this.recordIn);
  }
}
