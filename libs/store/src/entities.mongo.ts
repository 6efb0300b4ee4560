import type { AnyBulkWriteOperation, BulkWriteOptions, ClientSession, Collection, Document, Filter, FindOptions } from 'mongodb';
import { completer } from '#contracts';
import type { MongoDatabase, MongoIndex, ReadOptions } from '#database';
import { countWithoutId, giveIds } from './ids.js';
import { MongoIds } from './ids.mongo.js';
import { type Kind, recordOf } from './kind.js';
import { type Draft, type Entity, isPlain, PINNED, type SagaState } from './participant.js';

/** How one kind of record lies in the collection of its name. */
export interface MongoKind<R extends V, V> extends Kind<R, V> {
  /** What indexes need beside the fields. */
  indexed(record: R): Document;
}

/**
 * `_id` is the public id of a record, its fields are the document's, and beside them stand the fields that indexes need.
 * `twin` is 0 for the holder of a key and its own id for any other record that has the same, so that a unique index can
 * hold both. A deleted one has no fields: no index that is read from knows it.
 */
export interface RecordDocument {
  _id: number;
  version: number;
  key?: string;
  twin?: number;
  /** What is missing is a record that an import wrote. */
  saga?: SagaState;
  deleted?: true;
  /** Raised by every write but the first: what a write compares to know that nothing came in between. */
  rev?: number;
  /** When its version was written, in epoch milliseconds; what is older than the feed has none. */
  committedAt?: number;
  /** It was written last without another version: that is no change. */
  sameVersion?: true;
  /** When a deleted one was written last. */
  writtenAt?: number;
  [field: string]: unknown;
}

/** By it the deleted ones are counted. */
export const deletedIndex = (collection: string): MongoIndex => ({
  collection,
  name: 'deleted',
  key: { deleted: 1 },
  options: { partialFilterExpression: { deleted: true } },
});

/** By it those are found that are to be purged. */
export const purgeIndex = (collection: string): MongoIndex => ({
  collection,
  name: 'writtenAt',
  key: { writtenAt: 1 },
  options: { partialFilterExpression: { deleted: true } },
});

/** What must be known of a document that is to be written again, beside its entity. */
type Stored = Pick<RecordDocument, 'rev' | 'version' | 'committedAt'>;

/** Documents that a decision rests on. */
export interface Found {
  entities: Entity[];
  stored: ReadonlyMap<number, Stored>;
}

/** How to read for a decision: by itself, or in its transaction. */
export type Reading = ReadOptions | { session: ClientSession };

/** Reads and writes what sagas know of one kind of record: a document an entity, replaced whole. */
export class MongoEntities<R extends V, V> {
  readonly documents: Collection<RecordDocument>;
  private readonly ids: MongoIds;
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    db: MongoDatabase,
    private readonly kind: MongoKind<R, V>,
  ) {
    this.documents = db.collection(kind.name);
    this.ids = new MongoIds(db);
    this.completeDocument = completer(kind.record);
  }

  readonly recordIn = (document: RecordDocument): R => recordOf(document._id, this.completeDocument(document), document.version);

  async find(filter: Filter<RecordDocument>, options: Reading & FindOptions): Promise<Found> {
    return this.foundIn(await this.documents.find(filter, options).toArray());
  }

  foundIn(documents: readonly RecordDocument[]): Found {
    return {
      entities: documents.map((document) => this.entityIn(document)),
      stored: new Map(documents.map((document) => [document._id, document])),
    };
  }

  /** Gives ids to those that lack one, all above `above`. */
  async withIds(writes: readonly Draft[], above = 0): Promise<Entity[]> {
    const count = countWithoutId(writes);
    return giveIds(writes, count === 0 && above === 0 ? undefined : await this.ids.take(count, above));
  }

  /**
   * Writes each that is still as it was found, or new.
   * @returns how many that were
   * @throws a duplicate key where another has its id or its key
   */
  async write(entities: readonly Entity[], { stored }: Pick<Found, 'stored'>, options: BulkWriteOptions): Promise<number> {
    if (entities.length === 0) return 0;
    const operations = entities.map((entity): AnyBulkWriteOperation<RecordDocument> => {
      const { id } = entity;
      const before = stored.get(id);
      const document = { ...this.documentOf(entity), ...feedFields(entity, before) };
      if (!before) return { insertOne: { document } };
      const { rev = 0 } = before;
      const unchanged = rev === 0 ? { rev: { $exists: false } } : { rev };
      return { replaceOne: { filter: { _id: id, ...unchanged }, replacement: { ...document, rev: rev + 1 } } };
    });
    const { insertedCount, matchedCount } = await this.documents.bulkWrite(operations, options);
    return insertedCount + matchedCount;
  }

  private entityIn(document: RecordDocument): Entity {
    const { _id: id, key, twin = 0, version, deleted, saga = PINNED } = document;
    return { id, key, twin: twin !== 0, version, fields: deleted ? {} : this.completeDocument(document), saga };
  }

  private documentOf({ id, key, twin, version, fields, saga }: Entity): RecordDocument {
    const told = { _id: id, version, ...(key !== undefined && { key, twin: twin ? id : 0 }), ...(!isPlain(saga) && { saga }) };
    if (saga.deleted) return { ...told, deleted: true };
    return { ...fields, ...told, ...this.kind.indexed(recordOf(id, fields, version)) };
  }
}

/** What a document tells those who read the feed. */
function feedFields({ version, saga }: Entity, before: Stored | undefined) {
  const now = Date.now();
  const isChange = version !== (before?.version ?? 0);
  const committedAt = isChange ? now : before?.committedAt;
  return {
    ...(committedAt !== undefined && { committedAt }),
    ...(!isChange && { sameVersion: true as const }),
    ...(saga.deleted && { writtenAt: now }),
  };
}
