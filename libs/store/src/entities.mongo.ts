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
  [field: string]: unknown;
}

/** By it the deleted ones are counted. */
export const deletedIndex = (collection: string): MongoIndex => ({
  collection,
  name: 'deleted',
  key: { deleted: 1 },
  options: { partialFilterExpression: { deleted: true } },
});

/** Documents that a decision rests on. */
export interface Found {
  entities: Entity[];
  revs: ReadonlyMap<number, number | undefined>;
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
      revs: new Map(documents.map(({ _id, rev }) => [_id, rev])),
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
  async write(entities: readonly Entity[], { revs }: Pick<Found, 'revs'>, options: BulkWriteOptions): Promise<number> {
    if (entities.length === 0) return 0;
    const operations = entities.map((entity): AnyBulkWriteOperation<RecordDocument> => {
      const { id } = entity;
      if (!revs.has(id)) return { insertOne: { document: this.documentOf(entity) } };
      const rev = revs.get(id) ?? 0;
      const unchanged = rev === 0 ? { rev: { $exists: false } } : { rev };
      return { replaceOne: { filter: { _id: id, ...unchanged }, replacement: { ...this.documentOf(entity), rev: rev + 1 } } };
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
