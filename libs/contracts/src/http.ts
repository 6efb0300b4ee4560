import Type, { type Static } from 'typebox';

import { Concert, concertRoles, concertStatuses, Venue } from './records.js';
import { EpochMs, Id, Latitude, Longitude, MAX_IDS_PER_QUERY, MAX_PAGE_SIZE, Name, nullable, QueryId } from './scalars.js';

/** What the REST API takes and answers. The validators, the OpenAPI document and the types derive from here. */
const closed = { additionalProperties: false };

const idList = (of: string) =>
  Type.Array(QueryId, {
    minItems: 1,
    maxItems: MAX_IDS_PER_QUERY,
    description: `any of these ${of}; one that does not exist matches nothing`,
  });

const place = {
  latitude: Latitude,
  longitude: Longitude,
  radius: Type.Number({
    minimum: 0,
    description: 'in km, inclusive; given together with latitude and longitude',
  }),
};

const limit = Type.Integer({
  minimum: 1,
  maximum: MAX_PAGE_SIZE,
  default: MAX_PAGE_SIZE,
  description: 'rows of one answer; the rest is behind its next link',
});
const cursor = Type.String({
  minLength: 1,
  maxLength: 2_000,
  description: 'where the page begins: from the next link of the page before',
});
const moment = (which: string) =>
  Type.String({
    format: 'moment',
    description: `${which}: an instant (RFC 3339) or a date, which is the local day of each venue`,
  });

/** The columns of a concert in a list: the five of the original contract first. */
export const ConcertListRow = Type.Object(
  {
    band: nullable(Name),
    location: nullable(Name),
    date: EpochMs,
    latitude: nullable(Latitude),
    longitude: nullable(Longitude),
    id: Id,
    bandId: Id,
    venueId: Id,
    eventId: nullable(Id),
    event: nullable(Name),
    city: Venue.properties.city,
    country: Venue.properties.country,
    timeZone: nullable(Type.String()),
    localDate: nullable(Type.String({ format: 'date', description: 'the day at the venue' })),
    status: Type.Enum(concertStatuses, { type: 'string' }),
    role: Type.Enum(concertRoles, { type: 'string' }),
    distance: Type.Optional(Type.Number({ minimum: 0, description: 'km from the place that was asked for' })),
  },
  closed,
);

const concertFields = Object.keys(ConcertListRow.properties);

const searchFilters = {
  bandIds: idList('bands'),
  venueIds: idList('venues'),
  eventIds: idList('events'),
  ...place,
  from: moment('not before'),
  to: moment('before an instant, or up to the end of a day'),
  status: Type.Enum([...concertStatuses, 'any'], { type: 'string', description: 'without it: all but cancelled' }),
};

const consistency = Type.Enum(['fresh', 'strong'], {
  type: 'string',
  default: 'fresh',
  description: 'strong answers from the services, which know of every write that has been answered',
});

/** How new one concert must be. */
export const ConcertConsistency = Type.Partial(Type.Object({ consistency }), closed);

/** The parameters of a search for concerts, in a query or in a JSON body. */
export const ConcertSearch = Type.Partial(
  Type.Object({
    ...searchFilters,
    sort: Type.Enum(['-date', 'date'], {
      type: 'string',
      default: '-date',
      description: 'newest first, or oldest first; ids break ties',
    }),
    limit,
    cursor,
    fields: Type.Array(Type.Enum(concertFields, { type: 'string' }), {
      minItems: 1,
      maxItems: concertFields.length,
      description: 'only these columns',
    }),
    consistency,
  }),
  closed,
);

/** The parameters of a list of bands or events. */
export const NamedSearch = Type.Partial(
  Type.Object({
    name: Type.String({
      ...Name,
      description: 'a name or the beginning of one, whatever its case and accents',
    }),
    limit,
    cursor,
  }),
  closed,
);

/** The parameters of a list of venues: by name, or around a place, nearest first. */
export const VenueSearch = Type.Partial(Type.Object({ ...NamedSearch.properties, ...place }), closed);

/** One concert as it is answered alone: the columns of a list, and what only one who opens it wants to know. */
export const ConcertDetail = Type.Object(
  {
    ...ConcertListRow.properties,
    billingIndex: Concert.properties.billingIndex,
    url: Concert.properties.url,
    externalIds: Concert.properties.externalIds,
    version: Concert.properties.version,
  },
  closed,
);

/** A venue in a list; `distance` is there when a place was asked for. */
export const VenueListRow = Type.Object({ ...Venue.properties, distance: ConcertListRow.properties.distance }, closed);

export const ProblemDocument = Type.Object({
  type: Type.String({ description: 'a stable name of the problem, a URN' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  errors: Type.Optional(
    Type.Array(Type.Object({ parameter: Type.String(), code: Type.String(), detail: Type.String() }), {
      description: 'each fault of the request',
    }),
  ),
  statusCode: Type.Integer(),
  error: Type.String(),
});

const ServiceHealth = Type.Object({
  up: Type.Boolean(),
  version: Type.Optional(Type.String()),
  store: Type.Optional(Type.String()),
  storeId: Type.Optional(Type.String()),
  schemaVersion: Type.Optional(Type.Integer()),
  clockDifferenceMs: nullable(Type.Number()),
  detail: Type.Optional(Type.String({ description: 'why it is not up' })),
});

export const ServicesHealth = Type.Object({
  bands: ServiceHealth,
  venues: ServiceHealth,
  events: ServiceHealth,
  concerts: ServiceHealth,
});

/** How far the search index is. */
export const SearchIndexHealth = Type.Object({
  state: Type.Enum(['fresh', 'behind', 'filling', 'unavailable'], {
    type: 'string',
    description: 'concerts are read from it while it is fresh, and else from the services',
  }),
  dataAgeMs: nullable(Type.Integer({ minimum: 0, description: 'all that was written so long ago is found in it' })),
  detail: Type.Optional(Type.String({ description: 'why it is unavailable' })),
});

export const Liveness = Type.Object({ status: Type.Literal('ok') }, closed);
export const Readiness = Type.Object({
  status: Type.Enum(['ready', 'draining'], { type: 'string' }),
  version: Type.String(),
  readModel: Type.String(),
  index: Type.Optional(SearchIndexHealth),
  services: ServicesHealth,
});

export type ConcertListRow = Static<typeof ConcertListRow>;
export type ConcertDetail = Static<typeof ConcertDetail>;
export type ConcertConsistency = Static<typeof ConcertConsistency>;
export type ConcertSearch = Static<typeof ConcertSearch>;
export type NamedSearch = Static<typeof NamedSearch>;
export type VenueSearch = Static<typeof VenueSearch>;
export type VenueListRow = Static<typeof VenueListRow>;
export type SearchIndexHealth = Static<typeof SearchIndexHealth>;
export type Readiness = Static<typeof Readiness>;
export type ServiceHealth = Static<typeof ServiceHealth>;

/** The same search below one band, venue or event, which the path names. */
export const ConcertsOfBand = Type.Omit(ConcertSearch, ['bandIds'], closed);
export const ConcertsOfVenue = Type.Omit(ConcertSearch, ['venueIds'], closed);
export const ConcertsOfEvent = Type.Omit(ConcertSearch, ['eventIds'], closed);
export type ConcertsOfBand = Static<typeof ConcertsOfBand>;
export type ConcertsOfVenue = Static<typeof ConcertsOfVenue>;
export type ConcertsOfEvent = Static<typeof ConcertsOfEvent>;
