import type { Circle, DateKey, ParsedMoment } from '#contracts';
import { distanceKm } from '#geo';
import type { ConcertQuery } from '../src/query.js';
import type { World } from './world.js';

/** A row of an answer, by which answers are compared: the concert, and what was joined to it. */
export interface OracleRow {
  id: number;
  band: string | null;
  venue: string | null;
  event: string | null;
  distanceKm?: number;
}

export interface OraclePage {
  rows: OracleRow[];
  next: DateKey | undefined;
}

/** Answers by looking at every row, as simply as it can be said. It shares nothing with a read model but `distanceKm`. */
export class Oracle {
  private readonly bands;
  private readonly venues;
  private readonly events;
  private readonly concerts;
  private readonly within = new WeakMap<Circle, ReadonlySet<number>>();

  constructor({ bands, venues, events, concerts }: World) {
    this.bands = new Map(bands.map((band) => [band.id, band]));
    this.venues = new Map(venues.map((venue) => [venue.id, venue]));
    this.events = new Map(events.map((event) => [event.id, event]));
    // Where the venue is unknown, its days are those of UTC.
    this.concerts = concerts.map((concert) => ({
      ...concert,
      localDate: localDateOf(concert.date, this.venues.get(concert.venueId)?.timeZone ?? 'UTC'),
    }));
  }

  find(query: ConcertQuery): OraclePage {
    const { circle, sort, after, limit } = query;
    const within = circle && this.venuesWithin(circle);
    const sign = sort === 'date' ? 1 : -1;
    const order = (a: DateKey, b: DateKey) => sign * (a.date === b.date ? a.id - b.id : a.date - b.date);
    const matching = this.concerts
      .filter((concert) => !after || order(concert, after) > 0)
      .filter((concert) => (!within || within.has(concert.venueId)) && matches(query, concert))
      .sort(order);
    const page = matching.slice(0, limit);
    const last = page.at(-1);
    return {
      rows: page.map(({ id, bandId, venueId, eventId }) => {
        const venue = this.venues.get(venueId);
        return {
          id,
          band: this.bands.get(bandId)?.name ?? null,
          venue: venue?.name ?? null,
          event: this.events.get(eventId ?? 0)?.name ?? null,
          ...(circle && venue && { distanceKm: distanceKm(circle, venue) }),
        };
      }),
      next: matching.length > limit && last ? { date: last.date, id: last.id } : undefined,
    };
  }

  /** The ids of the venues in a circle. Pages of one query ask again for the same. */
  venuesWithin(circle: Circle): ReadonlySet<number> {
    const known = this.within.get(circle);
    if (known) return known;
    const venues = [...this.venues.values()].filter((venue) => distanceKm(circle, venue) <= circle.radiusKm);
    const ids = new Set(venues.map(({ id }) => id));
    this.within.set(circle, ids);
    return ids;
  }
}

type Dated = World['concerts'][number] & { localDate: string };

/** All conditions but the circle. */
function matches({ bandIds, venueIds, eventIds, from, to, status }: ConcertQuery, concert: Dated): boolean {
  return (
    (!bandIds || bandIds.includes(concert.bandId)) &&
    (!venueIds || venueIds.includes(concert.venueId)) &&
    (!eventIds || eventIds.includes(concert.eventId ?? -1)) &&
    (!from || isNotBefore(from, concert)) &&
    (!to || isNotAfter(to, concert)) &&
    (status === undefined ? concert.status !== 'cancelled' : status === 'any' || concert.status === status)
  );
}

const isNotBefore = (from: ParsedMoment, { date, localDate }: Dated): boolean =>
  'instant' in from ? date >= from.instant : localDate >= from.localDate;

const isNotAfter = (to: ParsedMoment, { date, localDate }: Dated): boolean =>
  'instant' in to ? date < to.instant : localDate <= to.localDate;

const localDateOf = (epochMs: number, timeZone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();
