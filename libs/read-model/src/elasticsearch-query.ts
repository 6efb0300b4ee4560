import type { estypes } from '@elastic/elasticsearch';
import type { Circle, DateKey, WrittenVersion } from '#contracts';
import { EARTH_RADIUS_KM } from '#geo';
import { LIVE_FILTER } from '#search-index';
import { widened } from './local-range.js';
import type { ConcertQuery } from './query.js';
import { possible } from './service-records.js';

type Condition = estypes.QueryDslQueryContainer;

/** Added to a radius: Elasticsearch takes its distances by another sphere, and refuses a radius of 0. */
const RADIUS_MARGIN_M = 1;
/** A circle that reaches so far holds nearly all there is; close to its antipode distances are least certain. */
const WHOLE_EARTH_KM = 0.99 * Math.PI * EARTH_RADIUS_KM;

/** One chunk of a search: how many concerts, and those behind which. */
export interface Chunk {
  size: number;
  after?: DateKey | undefined;
}

/**
 * The body of a search for a chunk of what a query matches, and for little more: the exact circle and the local days are
 * left to be decided. Nothing where nothing can match.
 */
export function searchBody(query: ConcertQuery, { size, after }: Chunk): estypes.SearchRequest | undefined {
  const { bandIds, venueIds, eventIds, circle, status, sort } = query;
  const ids = Object.entries({ bandId: bandIds, venueId: venueIds, eventId: eventIds }).flatMap(([field, given]) =>
    given ? [{ field, ids: possible(given) }] : [],
  );
  if (ids.some((one) => one.ids.length === 0)) return undefined;
  const order = sort === 'date' ? 'asc' : 'desc';
  return {
    query: {
      bool: {
        filter: [
          LIVE_FILTER,
          ...ids.map(({ field, ids }) => ({ terms: { [field]: ids } })),
          ...(circle ? [within(circle)] : []),
          ...dateRange(query),
          ...(status && status !== 'any' ? [{ term: { status } }] : []),
        ],
        ...(!status && { must_not: [{ term: { status: 'cancelled' } }] }),
      },
    },
    sort: [{ date: order }, { id: order }],
    ...(after && { search_after: [after.date, after.id] }),
    size,
    track_total_hits: false,
  };
}

const within = ({ latitude, longitude, radiusKm }: Circle): Condition =>
  radiusKm < WHOLE_EARTH_KM
    ? {
        geo_distance: {
          distance: `${Math.ceil(radiusKm * 1_000) + RADIUS_MARGIN_M}m`,
          location: { lat: latitude, lon: longitude },
        },
      }
    : { exists: { field: 'location' } };

function dateRange(query: ConcertQuery): Condition[] {
  const { from, to } = widened(query);
  if (from === undefined && to === undefined) return [];
  return [{ range: { date: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) } } }];
}

/** The body of a search for one concert, whatever its status. Nothing for an id that none can have. */
export function searchByIdBody(id: number): estypes.SearchRequest | undefined {
  if (possible([id]).length === 0) return undefined;
  return { query: { bool: { filter: [LIVE_FILTER, { term: { id } }] } }, size: 1, track_total_hits: false };
}

/**
 * The search that tells whether a version, or one behind it, is in the index: whether it must find something for that,
 * or nothing. Of a concert the tombstone counts as well.
 */
export interface VersionSearch {
  body: estypes.SearchRequest;
  isThereWhen: 'found' | 'notFound';
}

export function versionSearch({ kind, id, version }: WrittenVersion): VersionSearch {
  if (kind === 'concert') {
    const body = anyOf([{ term: { id } }, { range: { concertVersion: { gte: version } } }]);
    return { body, isThereWhen: 'found' };
  }
  const body = anyOf([LIVE_FILTER, { term: { [`${kind}Id`]: id } }, { range: { [`${kind}Version`]: { lt: version } } }]);
  return { body, isThereWhen: 'notFound' };
}

/** One of them is enough to know. */
const anyOf = (filter: Condition[]): estypes.SearchRequest => ({
  query: { bool: { filter } },
  size: 1,
  terminate_after: 1,
  track_total_hits: false,
  _source: false,
});
