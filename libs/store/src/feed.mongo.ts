import { setTimeout as sleep } from 'node:timers/promises';
import { BSON, type ChangeStream, type ChangeStreamOptions, type Document, type Filter } from 'mongodb';
import type { Change, Changes, ChangesRequest, ScanRequest } from '#contracts';
import { isLostPlace, isOutOfTime, type MongoDatabase } from '#database';
import type { MongoEntities, RecordDocument } from './entities.mongo.js';
import { cursorOf, expired, placeIn, unreadable } from './feed-cursor.js';
import type { Feed, Purge, Within } from './port.js';
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
/** A MongoDB that is away is back in a few seconds; until then nobody is waked. */
const TAIL_RETRY_MS = 1_000;
/** Of the time of a call, what a stream may take to open: what is left is for the answer. */
const OPENING_SHARE = 0.9;
/** In this MongoDB reads half a million changes of others, and a reader who is further behind comes no further. */
const MIN_OPENING_MS = 5_000;
/** A resume token: a key of the server in hexadecimal, which begins with a time. */
const TOKEN = /^82[0-9a-f]{16,}$/i;

/**
 * The feed of a MongoDB store: a change stream, opened for each call at the place that the last one came to. Those who
 * wait hold no connection: one stream for them all, which is there only while somebody waits, wakes them.
 */
export class MongoFeed<R extends V, V> implements Feed<R> {
  private readonly waiters = new Waiters((cursor) => this.follow(cursor));
  private readonly storeId: string;
  private following: Promise<void> | undefined;

  constructor(
    private readonly db: MongoDatabase,
    private readonly entities: MongoEntities<R, V>,
    private readonly tombstoneRetentionMs: number,
  ) {
    this.storeId = db.identity.storeId;
  }

  async changes({ limit, ...request }: ChangesRequest, within: Within): Promise<Changes<R>> {
    // Or the end of which an answer tells might be that of a server which is the primary no more and does not know it.
    await this.db.confirmPrimary(within.deadline);
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
    await this.dateTombstones({ limit, deadline });
    const old = { deleted: true, writtenAt: { $lt: before } } as const;
    const ids = await this.someOf(old, { limit, deadline });
    if (ids.length === 0) return 0;
    // Whatever was written since then is not deleted any more, or not old.
    const { deletedCount } = await this.db.write(deadline, (options) =>
      this.entities.documents.deleteMany({ ...old, _id: { $in: ids } }, options),
    );
    return deletedCount;
  }

  endWaits(): void {
    this.waiters.end();
  }

  /** Those of an older program have no date, and get one: an update is no change. What is not done in time, the next does. */
  private async dateTombstones({ limit, deadline }: { limit: number; deadline: number }): Promise<void> {
    const undated = { deleted: true, writtenAt: { $exists: false } } as const;
    for (;;) {
      const ids = await this.someOf(undated, { limit, deadline });
      if (ids.length === 0) return;
      await this.db.write(deadline, (options) =>
        this.entities.documents.updateMany({ ...undated, _id: { $in: ids } }, { $set: { writtenAt: Date.now() } }, options),
      );
    }
  }

  private async someOf(tombstones: Filter<RecordDocument>, { limit, deadline }: { limit: number; deadline: number }) {
    const found = await this.db.read(deadline, (options) =>
      this.entities.documents.find(tombstones, { ...options, hint: 'writtenAt', projection: { _id: 1 }, limit }).toArray(),
    );
    return found.map(({ _id }) => _id);
  }

  private changesAfter(cursor: string, limit: number, { deadline }: Within): Promise<Changes<R>> {
    const start = startAt(placeIn(cursor, this.storeId));
    return this.db.read(deadline, async ({ maxTimeMS, ...options }) => {
      const openingMs = Math.ceil(OPENING_SHARE * maxTimeMS);
      const stream = this.entities.documents.watch<RecordDocument>(CHANGES, {
        ...options,
        ...start,
        maxTimeMS: openingMs,
        batchSize: limit,
        maxAwaitTimeMS: NO_WAIT_MS,
      });
      try {
        const items = await this.changesIn(stream, limit);
        const cursor = this.cursorAt({ token: stream.resumeToken });
        return { items, cursor, isAtEnd: items.length < limit, storeId: this.storeId };
      } catch (error) {
        // It has no place to go on from until it has found a change or the end: the next try would begin here again.
        if (isOutOfTime(error) && openingMs >= MIN_OPENING_MS) throw expired('this place is too far behind the end', error);
        if (isLostPlace(error)) throw expired('MongoDB does not have what came after this place any more', error);
        throw error;
      } finally {
        await stream.close();
      }
    });
  }

  private async changesIn(stream: ChangeStream<RecordDocument>, limit: number): Promise<Change<R>[]> {
    const changes: Change<R>[] = [];
    while (changes.length < limit) {
      const event = await stream.tryNext();
      if (event === null) break;
      if (event.operationType === 'invalidate') throw expired('the collection was removed since then');
      if ('fullDocument' in event && event.fullDocument) changes.push(this.changeIn(event.fullDocument));
    }
    return changes;
  }

  /** @param limit 0 for none */
  private statesOf(ids: { $gt: number } | { $in: number[] }, { deadline }: Within, limit = 0) {
    return this.db.read(deadline, async (options) => {
      const filter = { _id: ids, version: { $gt: 0 } };
      const found = await this.entities.documents.find(filter, { ...options, sort: { _id: 1 }, limit }).toArray();
      return { items: found.map(this.changeIn), storeId: this.storeId };
    });
  }

  /**
   * Wakes those who wait, as long as there are any. Behind its end, all look again, also who came when it was ending, and
   * who then goes on waiting begins it anew.
   * @param cursor what is behind it, they are waked for
   */
  private follow(cursor: string): void {
    this.following ??= this.wakeAtChanges(startAt(placeIn(cursor, this.storeId)))
      .catch((error: unknown) => this.pauseAfter(error))
      .finally(() => {
        this.following = undefined;
        this.waiters.wake();
      });
  }

  private async pauseAfter(error: unknown): Promise<void> {
    if (!this.waiters.areAny) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.db.logger.warn({ reason }, `the changes that readers wait for cannot be followed (${reason}); trying again`);
    await sleep(TAIL_RETRY_MS, undefined, { ref: false });
  }

  private async wakeAtChanges(start: ChangeStreamOptions): Promise<void> {
    const stream = this.entities.documents.watch([...CHANGES, { $project: { operationType: 1 } }], {
      ...start,
      readConcern: { level: 'majority' },
      maxAwaitTimeMS: TAIL_AWAIT_MS,
    });
    try {
      while (this.waiters.areAny) {
        const event = await stream.tryNext();
        if (event) this.waiters.wake();
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
  if (!isToken(token)) throw unreadable();
  return { resumeAfter: token };
}

const isToken = (token: unknown): token is { _data: string } =>
  typeof token === 'object' && token !== null && '_data' in token && typeof token._data === 'string' && TOKEN.test(token._data);

function deserialized(place: object): Document {
  try {
    return BSON.EJSON.deserialize(place);
  } catch (error) {
    throw unreadable(error);
  }
}
