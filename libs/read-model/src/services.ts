import {
  type Band,
  type Circle,
  type Concert,
  concertCalls,
  type Event,
  type FindConcerts,
  MAX_IDS_PER_CALL,
  MAX_PAGE_SIZE,
  MAX_VENUE_IDS_PER_FIND,
  SCAN_BUDGET,
  type Venue,
  venueCalls,
} from '#contracts';
import { distanceFrom } from '#geo';
import type { CallContext, ServiceCallers } from '#rpc';
import { withReserve } from './deadline.js';
import { hasLocalDate, isInLocalRange, narrowed, UNKNOWN_ZONE, widened } from './local-range.js';
import type { ConcertPage, ConcertQuery, ConcertReadModel, FoundConcerts, JoinedConcert, Part, Served } from './query.js';
import { essential, isOutage, possible, ServiceRecords } from './service-records.js';
import { Stages } from './stages.js';

/** The services are asked each time, so that what they answer is never old. */
export const SERVED_BY_SERVICES: Served = { servedBy: 'services', dataAgeMs: 0 };

/**
 * The read model that asks the owner services each time and joins their answers: always right, always there. What is
 * essential for a query is the concerts, and the venues where it names a place or a local day; all else is detail.
 */
export class ServicesReadModel implements ConcertReadModel {
  private readonly records: ServiceRecords;

  constructor(private readonly callers: ServiceCallers) {
    this.records = new ServiceRecords(callers);
  }

  async find(query: ConcertQuery, asking: CallContext): Promise<ConcertPage> {
    const inTime = withReserve(asking);
    const stages = new Stages();
    const venueIds = await this.venueIdsOf(query, inTime, stages);
    const search = searchOf(query, venueIds);
    if (!search) return { ...SERVED_BY_SERVICES, concerts: [], next: undefined, missing: [], stages: stages.list };
    const found = hasLocalDate(query)
      ? await this.findLocal(query, search, inTime, stages)
      : await this.findInstants(search, inTime, stages);
    const concerts = found.concerts.slice(0, query.limit);
    const last = concerts.at(-1);
    const joined = await this.join(concerts, found.venues, { circle: query.circle, asking: inTime, stages });
    return {
      ...joined,
      next: found.concerts.length > query.limit && last ? { date: last.date, id: last.id } : undefined,
    };
  }

  async byId(id: number, asking: CallContext): Promise<FoundConcerts> {
    const inTime = withReserve(asking);
    const concerts = await essential('concerts', this.records.concerts(possible([id]), inTime));
    return this.join([...concerts.values()], undefined, { circle: undefined, asking: inTime, stages: new Stages() });
  }

  /** The venues that a query may be about: those it names, those in its circle, or both; undefined means any. */
  private async venueIdsOf(
    { circle, venueIds }: ConcertQuery,
    asking: CallContext,
    stages: Stages,
  ): Promise<number[] | undefined> {
    const named = venueIds && possible(venueIds);
    if (!circle || named?.length === 0) return named;
    const within = await essential('venues', this.idsWithin(circle, asking, stages));
    if (!named) return within;
    const asked = new Set(named);
    return within.filter((id) => asked.has(id));
  }

  private async idsWithin(circle: Circle, asking: CallContext, stages: Stages): Promise<number[]> {
    const ids: number[] = [];
    let afterId: number | undefined;
    do {
      const request = { area: { circle }, limit: MAX_VENUE_IDS_PER_FIND, ...(afterId !== undefined && { afterId }) };
      const { items } = await stages.time(
        'circle',
        this.callers.venues.call(venueCalls.idsWithin, request, asking),
        ({ entriesRead }) => entriesRead,
      );
      for (const id of items) ids.push(id);
      afterId = items.length === MAX_VENUE_IDS_PER_FIND ? items.at(-1) : undefined;
    } while (afterId !== undefined);
    return ids;
  }

  private async findInstants(search: FindConcerts, asking: CallContext, stages: Stages): Promise<Found> {
    return { concerts: await this.search(search, asking, stages), venues: undefined };
  }

  /**
   * Days differ by venue: a range wide enough for any is asked for, each venue's zone decides, the page is refilled. What
   * is left out lies within a day beside the range, but that may be the day of a festival: then the zones of the
   * venues, where they are known, narrow the range, and each refill asks for more than the one before.
   */
  private async findLocal(query: ConcertQuery, search: FindConcerts, asking: CallContext, stages: Stages): Promise<Found> {
    const venues = new Map<number, Venue>();
    const zoneOf = (venueId: number) => venues.get(venueId)?.timeZone ?? UNKNOWN_ZONE;
    const learn = async (venueIds: readonly number[]) => {
      const unknown = venueIds.filter((id) => !venues.has(id));
      const read = await essential('venues', stages.time('venues', this.records.venues(unknown, asking)));
      for (const [id, venue] of read) venues.set(id, venue);
    };
    const concerts: Concert[] = [];
    for (let next = search; concerts.length < search.limit; ) {
      const batch = await this.search(next, asking, stages);
      await learn(batch.map(({ venueId }) => venueId));
      concerts.push(...batch.filter(({ date, venueId }) => isInLocalRange(query, date, zoneOf(venueId))));
      const last = batch.at(-1);
      if (batch.length < next.limit || !last) break;
      const { venueIds = [] } = search;
      const canNarrow = next === search && venueIds.length > 0 && venueIds.length <= MAX_IDS_PER_CALL;
      if (canNarrow) await learn(venueIds);
      next = {
        ...next,
        ...(canNarrow && narrowed(query, [...new Set(venueIds.map(zoneOf))])),
        after: { date: last.date, id: last.id },
        limit: Math.min(2 * next.limit, MAX_PAGE_SIZE + 1),
        scanBudget: Math.max(0, SCAN_BUDGET - stages.entriesRead('concerts')),
      };
    }
    return { concerts: concerts.slice(0, search.limit), venues };
  }

  /** One search. More venues than one call may name are asked about in several, whose answers are merged. */
  private async search(search: FindConcerts, asking: CallContext, stages: Stages): Promise<Concert[]> {
    const { venueIds = [], scanBudget = SCAN_BUDGET } = search;
    const parts: FindConcerts[] = [];
    const count = Math.max(1, Math.ceil(venueIds.length / MAX_VENUE_IDS_PER_FIND));
    for (let part = 0; part < count && count > 1; part++) {
      const some = venueIds.slice(part * MAX_VENUE_IDS_PER_FIND, (part + 1) * MAX_VENUE_IDS_PER_FIND);
      parts.push({ ...search, venueIds: some, scanBudget: Math.floor(scanBudget / count) });
    }
    const asked = (parts.length > 0 ? parts : [search]).map((one) => this.callers.concerts.call(concertCalls.find, one, asking));
    const answers = await essential(
      'concerts',
      stages.time('concerts', Promise.all(asked), (replies) => replies.reduce((sum, { entriesRead }) => sum + entriesRead, 0)),
    );
    const concerts = answers.flatMap(({ items }) => items);
    if (answers.length === 1) return concerts;
    const sign = search.sort === 'date' ? 1 : -1;
    return concerts.sort((a, b) => sign * (a.date - b.date || a.id - b.id)).slice(0, search.limit);
  }

  private async join(
    concerts: readonly Concert[],
    knownVenues: ReadonlyMap<number, Venue> | undefined,
    { circle, asking, stages }: { circle: Circle | undefined; asking: CallContext; stages: Stages },
  ): Promise<FoundConcerts> {
    const missing: Part[] = [];
    const detail = async <R>(part: Part, records: Promise<Map<number, R>>): Promise<ReadonlyMap<number, R>> => {
      try {
        return await stages.time(part, records);
      } catch (error) {
        if (!isOutage(error)) throw error;
        missing.push(part);
        return new Map();
      }
    };
    const venuesOf = () =>
      this.records.venues(
        concerts.map(({ venueId }) => venueId),
        asking,
      );
    const [bands, venues, events] = await Promise.all([
      detail(
        'bands',
        this.records.bands(
          concerts.map(({ bandId }) => bandId),
          asking,
        ),
      ),
      knownVenues ?? (circle ? essential('venues', stages.time('venues', venuesOf())) : detail('venues', venuesOf())),
      detail(
        'events',
        this.records.events(
          concerts.flatMap(({ eventId }) => eventId ?? []),
          asking,
        ),
      ),
    ]);
    return { ...SERVED_BY_SERVICES, concerts: joined(concerts, { bands, venues, events, circle }), missing, stages: stages.list };
  }
}

interface Found {
  concerts: Concert[];
  venues: ReadonlyMap<number, Venue> | undefined;
}

interface Parts {
  bands: ReadonlyMap<number, Band>;
  venues: ReadonlyMap<number, Venue>;
  events: ReadonlyMap<number, Event>;
  circle: Circle | undefined;
}

function joined(concerts: readonly Concert[], { bands, venues, events, circle }: Parts): JoinedConcert[] {
  const distance = circle && distanceFrom(circle);
  return concerts.map((concert) => {
    const venue = venues.get(concert.venueId) ?? null;
    return {
      concert,
      band: bands.get(concert.bandId) ?? null,
      venue,
      event: concert.eventId === null ? null : (events.get(concert.eventId) ?? null),
      ...(distance && venue && { distanceKm: distance(venue) }),
    };
  });
}

/** The search that a query comes to, asking for one concert more than its page; undefined when nothing can match. */
function searchOf(query: ConcertQuery, venueIds: readonly number[] | undefined): FindConcerts | undefined {
  const bandIds = query.bandIds && possible(query.bandIds);
  const eventIds = query.eventIds && possible(query.eventIds);
  if ([bandIds, venueIds, eventIds].some((ids) => ids?.length === 0)) return undefined;
  return {
    ...(bandIds && { bandIds }),
    ...(venueIds && { venueIds: [...venueIds] }),
    ...(eventIds && { eventIds }),
    ...widened(query),
    ...(query.status && { status: query.status }),
    ...(query.after && { after: query.after }),
    sort: query.sort,
    limit: query.limit + 1,
  };
}
