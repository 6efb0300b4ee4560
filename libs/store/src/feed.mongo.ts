import { BSON, type ChangeStreamOptions, type Document } from 'mongodb';
import type { Change, ChangesRequest, ScanRequest } from '#contracts';
import { isLostPlace, type MongoDatabase } from '#database';
import type { MongoEntities, RecordDocument } from './entities.mongo.js';
import { cursorOf, expired, placeIn, unreadable } from './feed-cursor.js';
import type { Changes, Feed, Purge, Within } from './port.js';
import { Waiters } from './waiters.js';

// Documents are inserted and replaced whole, so each event has what was written; a purge is a delete, and no change.
const CHANGES: Document[] = [
  {
    $match: {
      $or: [
        { operationType: 'invalidate' },
        {
          operationType: { $in: ['insert', 'replace'] },
          'fullDocument.version': { $gt: 0 },
          'fullDocument.sameVersion': { $exists: false },
        },
      ],
    },
  },
];
/** What the server waits for when it has nothing more: as short as can be, since nobody waits by reading. */
const NO_WAIT_MS = 1;
/** For so long the stream that those who wait share may go on when nobody waits any more. */
const TAIL_AWAIT_MS = 1_000;

/**
 * The feed of a MongoDB store: a change stream, opened for each call at the place that the last one came to. Those who
 * wait hold no connection: one stream for them all, which is there only while somebody waits, wakes them.
 */
export class MongoFeed<R extends V, V> implements Feed<R> {
  private readonly waiters = new Waiters(() => this.follow());
  private readonly storeId: string;
  private following: Promise<void> | undefined;

  constructor(
    private readonly db: MongoDatabase,
    private readonly entities: MongoEntities<R, V>,
    private readonly tombstoneRetentionMs: number,
  ) {
    this.storeId = db.identity.storeId;
  }

  changes({ limit, ...request }: ChangesRequest, within: Within): Promise<Changes<R>> {
    return this.waiters.look(request, within, (after) => this.changesAfter(after, limit, within));
  }

  /** A scan that begins after it sees all that was written before it. */
  async head(_: object, { deadline }: Within) {
    const time = await this.db.presentTime(deadline);
    const { storeId, tombstoneRetentionMs } = this;
    return { cursor: this.cursorAt({ time }), storeId, tombstoneRetentionMs };
  }

  scan({ afterId = 0, limit }: ScanRequest, within: Within) {
    return this.statesOf({ $gt: afterId }, within, limit);
  }

  states({ ids }: { ids: readonly number[] }, within: Within) {
    return this.statesOf({ $in: [...ids] }, within);
  }

  async purgeTombstones({ before, limit }: Purge, { deadline }: Within): Promise<number> {
    const { documents } = this.entities;
    const undated = { deleted: true, writtenAt: { $exists: false } } as const;
    const old = { deleted: true, writtenAt: { $lt: before } } as const;
    // Those of an older program are dated first: an update is no change.
    await this.db.write(deadline, (options) =>
      documents.updateMany(undated, { $set: { writtenAt: Date.now() } }, { ...options, hint: 'writtenAt' }),
    );
    const found = await this.db.read(deadline, (options) =>
      documents.find(old, { ...options, hint: 'writtenAt', projection: { _id: 1 }, limit }).toArray(),
    );
    if (found.length === 0) return 0;
    const ids = found.map(({ _id }) => _id);
    // Whatever was written since then is not deleted any more, or not old.
    const { deletedCount } = await this.db.write(deadline, (options) =>
      documents.deleteMany({ ...old, _id: { $in: ids } }, options),
    );
    return deletedCount;
  }

  endWaits(): void {
    this.waiters.end();
  }

  private changesAfter(cursor: string, limit: number, { deadline }: Within): Promise<Changes<R>> {
    const start = startAt(placeIn(cursor, this.storeId));
    return this.db.read(deadline, async (options) => {
      const stream = this.entities.documents.watch<RecordDocument>(CHANGES, {
        ...options,
        ...start,
        batchSize: limit,
        maxAwaitTimeMS: NO_WAIT_MS,
      });
      try {
        const items: Change<R>[] = [];
        while (items.length < limit) {
          const event = await stream.tryNext();
          if (event === null) break;
          if (event.operationType === 'invalidate') throw expired('the collection was removed since then');
          if ('fullDocument' in event && event.fullDocument) items.push(this.changeIn(event.fullDocument));
        }
        const token = stream.resumeToken;
        return { items, cursor: this.cursorAt({ token }), isAtEnd: items.length < limit, storeId: this.storeId };
      } catch (error) {
        throw isLostPlace(error) ? expired('MongoDB does not have what came after this place any more', error) : error;
      } finally {
        await stream.close();
      }
    });
  }

  /** @param limit 0 for none */
  private statesOf(ids: { $gt: number } | { $in: number[] }, { deadline }: Within, limit = 0) {
    return this.db.read(deadline, async (options) => {
      const filter = { _id: ids, version: { $gt: 0 } };
      const found = await this.entities.documents.find(filter, { ...options, sort: { _id: 1 }, limit }).toArray();
      return { items: found.map(this.changeIn), storeId: this.storeId };
    });
  }

  /** Wakes those who wait, as long as there are any. When it fails, they look again at the end of their time. */
  private follow(): void {
    const ended = () => {
      this.following = undefined;
    };
    this.following ??= this.wakeAtChanges().then(ended, ended);
  }

  private async wakeAtChanges(): Promise<void> {
    const stream = this.entities.documents.watch([...CHANGES, { $project: { operationType: 1 } }], {
      readConcern: { level: 'majority' },
      maxAwaitTimeMS: TAIL_AWAIT_MS,
    });
    try {
      for (let isOpening = true; this.waiters.areAny; isOpening = false) {
        const event = await stream.tryNext();
        // It is open only behind the first: what was written before that has to be looked for.
        if (event || isOpening) this.waiters.wake();
        // The last that it ever has.
        if (event?.operationType === 'invalidate') return;
      }
    } finally {
      await stream.close();
    }
  }

  private cursorAt(place: Document): string {
    return cursorOf(this.storeId, BSON.EJSON.serialize(place));
  }

  private readonly changeIn = (document: RecordDocument): Change<R> => {
    const deleted = document.deleted === true;
    return {
      id: document._id,
      version: document.version,
      deleted,
      document: deleted ? null : this.entities.recordIn(document),
      committedAt: document.committedAt ?? null,
    };
  };
}

/** Where a stream begins. @throws Fault CursorExpired when the place was never given */
function startAt(place: object): ChangeStreamOptions {
  const { token, time } = deserialized(place);
  if (time instanceof BSON.Timestamp) return { startAtOperationTime: time };
  if (typeof token !== 'object' || token === null) throw unreadable();
  return { resumeAfter: token };
}

function deserialized(place: object): Document {
  try {
    return BSON.EJSON.deserialize(place);
  } catch (error) {
    throw unreadable(error);
  }
}
