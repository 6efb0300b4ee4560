import Type, { type Static, type TSchema } from 'typebox';
import { defineCall } from './call.js';
import { Band, Concert, Event, Venue } from './records.js';
import { EpochMs, Id, MAX_IDS_PER_CALL, nullable, Version } from './scalars.js';

/** Changes of one answer: with their records a few messages. */
export const MAX_CHANGES_PER_CALL = 1_000;
/** The longest that a reader waits for a change: well below what proxies between hosts cut off. */
const MAX_FEED_WAIT_MS = 30_000;
/** A place in a feed is a few hundred characters at most. */
const MAX_CURSOR_LENGTH = 2_000;

const closed = { additionalProperties: false };

/** A place in the feed of one store; nobody but its service reads it. */
const Cursor = Type.String({ minLength: 1, maxLength: MAX_CURSOR_LENGTH, pattern: '^[\\x21-\\x7e]+$' });
const StoreId = Type.String({ format: 'uuid', description: 'of the store that answers' });

/** A state of a record, live or deleted, as a reader of the feed sees it. */
const change = <R extends TSchema>(record: R) =>
  Type.Object(
    {
      id: Id,
      version: Version,
      deleted: Type.Boolean(),
      document: nullable(record),
      committedAt: nullable(
        Type.Integer({ ...EpochMs, description: 'epoch milliseconds; null for what is older than the feed' }),
      ),
    },
    closed,
  );

/** The calls by which the changes of a service are read. */
const feedCalls = <R extends TSchema>(service: string, record: R) => {
  const items = Type.Array(change(record));
  return {
    /**
     * What changed after a place, in the order of the commits, at least once; of a record that changed several times maybe
     * only its newest state. `cursor` is where they end, which may be a later place behind none too. `isAtEnd`: there was
     * nothing more when this was read.
     * @throws CursorExpired when the place is not in the feed any more, StoreWentBack when it is beyond the end and all that
     *   the reader holds may be of another past, Overloaded when too many wait
     */
    changes: defineCall(
      `${service}.changes`,
      Type.Object(
        {
          after: Cursor,
          limit: Type.Integer({ minimum: 1, maximum: MAX_CHANGES_PER_CALL }),
          waitMs: Type.Integer({ minimum: 0, maximum: MAX_FEED_WAIT_MS }),
        },
        closed,
      ),
      Type.Object({ items, cursor: Cursor, isAtEnd: Type.Boolean(), storeId: StoreId }),
    ),
    /** The end of the feed as it is now, and for how long the service keeps a delete in it. */
    head: defineCall(
      `${service}.head`,
      Type.Object({}, closed),
      Type.Object({ cursor: Cursor, storeId: StoreId, tombstoneRetentionMs: Type.Integer({ minimum: 1 }) }),
    ),
    /** Every record that is live or a tombstone, by id. Fewer than `limit` are the last. */
    scan: defineCall(
      `${service}.scan`,
      Type.Object({ afterId: Type.Optional(Id), limit: Type.Integer({ minimum: 1, maximum: MAX_CHANGES_PER_CALL }) }, closed),
      Type.Object({ items, storeId: StoreId }),
    ),
    /** What is there of these ids now, live or tombstones, ascending: on MongoDB from the primary, as a majority has it. */
    states: defineCall(
      `${service}.states`,
      Type.Object({ ids: Type.Array(Id, { maxItems: MAX_IDS_PER_CALL }) }, closed),
      Type.Object({ items, storeId: StoreId }),
    ),
  };
};

export const bandFeed = feedCalls('bands', Band);
export const venueFeed = feedCalls('venues', Venue);
export const eventFeed = feedCalls('events', Event);
export const concertFeed = feedCalls('concerts', Concert);

/** A list of states, as a call answers it, with records of another kind. */
type Of<Reply extends { items: { document: unknown }[] }, Record> = Omit<Reply, 'items'> & { items: Change<Record>[] };

/** One state of one record; its document is null where it is deleted. */
export type Change<Record> = Omit<Static<ReturnType<typeof change>>, 'document'> & { document: Record | null };
export type Changes<Record> = Of<Static<typeof concertFeed.changes.reply>, Record>;
export type States<Record> = Of<Static<typeof concertFeed.states.reply>, Record>;
export type Head = Static<typeof concertFeed.head.reply>;

export type ChangesRequest = Static<typeof concertFeed.changes.request>;
export type ScanRequest = Static<typeof concertFeed.scan.request>;
