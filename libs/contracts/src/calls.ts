import Type, { type Static, type TSchema } from 'typebox';
import { defineCall } from './call.js';
import { MAX_FOLDED_LENGTH } from './folded.js';
import { Band, BandRow, Concert, ConcertRow, concertStatuses, Event, EventRow, Venue, VenueRow } from './records.js';
import {
  Id,
  Latitude,
  Longitude,
  MAX_ID,
  MAX_IDS_PER_CALL,
  MAX_IDS_PER_QUERY,
  MAX_PAGE_SIZE,
  MAX_ROWS_PER_UPSERT,
  MAX_VENUE_IDS_PER_FIND,
  Name,
} from './scalars.js';

/** Entries that a search by date may read in vain before it goes by the venues instead. */
export const SCAN_BUDGET = 4_096;

const closed = { additionalProperties: false };
const list = <S extends TSchema>(item: S) => Type.Object({ items: Type.Array(item) });
const ids = (maxItems: number) => Type.Array(Id, { maxItems });
// One more than a page, so that whoever asks learns whether there is another.
const PageLimit = Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE + 1 });

/** What became of one row of an upsert. `keyHolder`: another record of that name came first and keeps the natural key. */
export const UpsertOutcome = Type.Object(
  {
    id: Id,
    outcome: Type.Enum(['created', 'updated', 'unchanged'], { type: 'string' }),
    keyHolder: Type.Optional(Id),
  },
  closed,
);

const StoreHealth = Type.Object({
  service: Type.String(),
  version: Type.String({ description: 'of the program' }),
  store: Type.Enum(['sqlite', 'mongodb'], { type: 'string' }),
  storeId: Type.String({ format: 'uuid' }),
  schemaVersion: Type.Integer(),
});

/** The calls that each of the four services answers. */
const recordCalls = <R extends TSchema, W extends TSchema>(service: string, record: R, row: W) => ({
  byIds: defineCall(`${service}.byIds`, Type.Object({ ids: ids(MAX_IDS_PER_CALL) }, closed), list(record)),
  upsert: defineCall(
    `${service}.upsert`,
    Type.Object({ rows: Type.Array(row, { maxItems: MAX_ROWS_PER_UPSERT }) }, closed),
    list(UpsertOutcome),
  ),
  count: defineCall(`${service}.count`, Type.Object({}, closed), Type.Object({ count: Type.Integer() })),
  health: defineCall(`${service}.health`, Type.Object({}, closed), StoreHealth),
});

/** A place in the order by name: the folded name, then the id. */
const NameKey = Type.Object({ name: Type.String({ maxLength: MAX_FOLDED_LENGTH }), id: Id }, closed);
/** By name, then id. `name` is a beginning, compared with case and accents folded. */
export const ListRequest = Type.Object(
  {
    name: Type.Optional(Name),
    after: Type.Optional(NameKey),
    limit: PageLimit,
  },
  closed,
);

export const Circle = Type.Object(
  {
    latitude: Latitude,
    longitude: Longitude,
    radiusKm: Type.Number({ minimum: 0 }),
  },
  closed,
);
const Box = Type.Object({ west: Longitude, south: Latitude, east: Longitude, north: Latitude }, closed);
export const Area = Type.Union([Type.Object({ circle: Circle }, closed), Type.Object({ box: Box }, closed)]);

/** A place in the order by distance: the distance in km, then the id. */
export const DistanceKey = Type.Object({ distanceKm: Type.Number({ minimum: 0 }), id: Id }, closed);

const InstantRange = {
  from: Type.Optional(Type.Integer({ description: 'inclusive' })),
  to: Type.Optional(Type.Integer({ description: 'exclusive' })),
};

/** Where a page ends in the order by date, then id. */
export const DateKey = Type.Object({ date: Type.Integer(), id: Type.Integer({ minimum: 0, maximum: MAX_ID }) }, closed);

/** Every condition holds (AND); of the ids of one condition any (OR). */
export const FindConcerts = Type.Object(
  {
    bandIds: Type.Optional(ids(MAX_IDS_PER_QUERY)),
    venueIds: Type.Optional(ids(MAX_VENUE_IDS_PER_FIND)),
    eventIds: Type.Optional(ids(MAX_IDS_PER_QUERY)),
    ...InstantRange,
    status: Type.Optional(
      Type.Enum([...concertStatuses, 'any'], {
        description: 'without it: all but cancelled',
      }),
    ),
    sort: Type.Enum(['-date', 'date'], { type: 'string' }),
    after: Type.Optional(DateKey),
    limit: PageLimit,
    scanBudget: Type.Optional(Type.Integer({ minimum: 0, maximum: SCAN_BUDGET })),
  },
  closed,
);

export const bandCalls = {
  ...recordCalls('bands', Band, BandRow),
  list: defineCall('bands.list', ListRequest, list(Band)),
};

export const venueCalls = {
  ...recordCalls('venues', Venue, VenueRow),
  list: defineCall('venues.list', ListRequest, list(Venue)),
  /** The ids of the venues in an area, ascending, and how many entries of the index were read. */
  idsWithin: defineCall(
    'venues.idsWithin',
    Type.Object(
      {
        area: Area,
        afterId: Type.Optional(Id),
        limit: Type.Integer({ minimum: 1, maximum: MAX_VENUE_IDS_PER_FIND }),
      },
      closed,
    ),
    Type.Object({ items: Type.Array(Id), entriesRead: Type.Integer() }),
  ),
  /** The venues of a circle, nearest first. */
  near: defineCall(
    'venues.near',
    Type.Object(
      {
        circle: Circle,
        name: Type.Optional(Name),
        after: Type.Optional(DistanceKey),
        limit: PageLimit,
      },
      closed,
    ),
    list(Type.Object({ venue: Venue, distanceKm: Type.Number() })),
  ),
};

export const eventCalls = {
  ...recordCalls('events', Event, EventRow),
  list: defineCall('events.list', ListRequest, list(Event)),
};

export const concertCalls = {
  ...recordCalls('concerts', Concert, ConcertRow),
  find: defineCall('concerts.find', FindConcerts, Type.Object({ items: Type.Array(Concert), entriesRead: Type.Integer() })),
};

export type UpsertOutcome = Static<typeof UpsertOutcome>;
export type ListRequest = Static<typeof ListRequest>;
export type Area = Static<typeof Area>;
export type Circle = Static<typeof Circle>;
export type DistanceKey = Static<typeof DistanceKey>;
export type DateKey = Static<typeof DateKey>;
export type FindConcerts = Static<typeof FindConcerts>;
