import Type, { type Static, type TObject } from 'typebox';
import {
  EpochMs,
  ExternalIds,
  Id,
  Latitude,
  Longitude,
  Name,
  nullable,
  OptionalText,
  OptionalUrl,
  TextList,
  Version,
} from './scalars.js';

/**
 * The four kinds of record. Each is said once: the fields that must be stated, and the fields that have a default.
 * The stored record has them all; a row of an import may leave out its id and what has a default.
 */
const closed = { additionalProperties: false };

const bandStated = { name: Name };
const bandDefaulted = {
  genres: TextList,
  aliases: TextList,
  externalIds: ExternalIds,
};

/** An act. */
export const Band = Type.Object({ id: Id, ...bandStated, ...bandDefaulted, version: Version }, closed);
export const BandRow = Type.Object(
  {
    id: Type.Optional(Id),
    ...bandStated,
    ...Type.Partial(Type.Object(bandDefaulted)).properties,
  },
  closed,
);

const venueStated = { name: Name, latitude: Latitude, longitude: Longitude };
const venueDefaulted = {
  city: OptionalText,
  region: OptionalText,
  country: OptionalText,
  timeZone: nullable(
    Type.String({
      format: 'time-zone',
      description: 'IANA name; derived from the position when not given',
    }),
  ),
  externalIds: ExternalIds,
};

/** A place. */
export const Venue = Type.Object(
  {
    id: Id,
    ...venueStated,
    ...venueDefaulted,
    timeZone: Type.String({ format: 'time-zone' }),
    version: Version,
  },
  closed,
);
export const VenueRow = Type.Object(
  {
    id: Type.Optional(Id),
    ...venueStated,
    ...Type.Partial(Type.Object(venueDefaulted)).properties,
  },
  closed,
);

const eventKinds = ['bill', 'festival', 'tour'] as const;
const eventStated = {
  name: Name,
  kind: Type.Enum(eventKinds, { type: 'string' }),
  startDate: EpochMs,
  endDate: EpochMs,
};
const eventDefaulted = { url: OptionalUrl, externalIds: ExternalIds };

/** What people buy a ticket for and that groups concerts. It has no natural key, so a row must state its id. */
export const Event = Type.Object({ id: Id, ...eventStated, ...eventDefaulted, version: Version }, closed);
export const EventRow = Type.Object(
  {
    id: Id,
    ...eventStated,
    ...Type.Partial(Type.Object(eventDefaulted)).properties,
  },
  closed,
);

export const concertStatuses = ['scheduled', 'rescheduled', 'postponed', 'cancelled'] as const;
export const concertRoles = ['headliner', 'support'] as const;
const concertStated = { bandId: Id, venueId: Id, date: EpochMs };
const concertDefaulted = {
  eventId: nullable(Id),
  status: Type.Enum(concertStatuses, { type: 'string', default: 'scheduled' }),
  role: Type.Enum(concertRoles, { type: 'string', default: 'headliner' }),
  billingIndex: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 0,
    description: 'place on the bill, 0 at the top',
  }),
  url: OptionalUrl,
  externalIds: ExternalIds,
};

/** One band playing one venue at one time. */
export const Concert = Type.Object({ id: Id, ...concertStated, ...concertDefaulted, version: Version }, closed);
export const ConcertRow = Type.Object(
  {
    id: Type.Optional(Id),
    ...concertStated,
    ...Type.Partial(Type.Object(concertDefaulted)).properties,
  },
  closed,
);

export type Band = Static<typeof Band>;
export type BandRow = Static<typeof BandRow>;
export type Venue = Static<typeof Venue>;
export type VenueRow = Static<typeof VenueRow>;
export type Event = Static<typeof Event>;
export type EventRow = Static<typeof EventRow>;
export type Concert = Static<typeof Concert>;
export type ConcertRow = Static<typeof ConcertRow>;
export type ConcertStatus = Concert['status'];

/**
 * Makes the function that completes a row: every field of the record but the id and the version that its store gives
 * it, in the order of the schema, with defaults where the row says nothing.
 */
export function completer(record: TObject): (row: object) => Record<string, unknown> {
  const fields = Object.entries(record.properties)
    .filter(([name]) => name !== 'id' && name !== 'version')
    .map(([name, schema]) => ({
      name,
      fallback: 'default' in schema ? schema.default : null,
    }));
  return (row) => {
    const complete: Record<string, unknown> = {};
    for (const { name, fallback } of fields) complete[name] = Reflect.get(row, name) ?? fallback;
    return complete;
  };
}
