import type { Band, Circle, Concert, ConcertStatus, DateKey, Event, ParsedMoment, Venue, WrittenVersion } from '#contracts';
import type { CallContext } from '#rpc';

/** A search for concerts. Every condition holds (AND); of the ids of one condition any (OR). */
export interface ConcertQuery {
  bandIds?: readonly number[];
  venueIds?: readonly number[];
  eventIds?: readonly number[];
  circle?: Circle;
  /** Inclusive. */
  from?: ParsedMoment;
  /** An instant is exclusive; a local date is inclusive: the whole of that day. */
  to?: ParsedMoment;
  /** Without it: all but cancelled. */
  status?: ConcertStatus | 'any';
  sort: '-date' | 'date';
  limit: number;
  after?: DateKey;
}

/** A concert with what it refers to. A part is null when it is not known or, if the page says so, could not be asked. */
export interface JoinedConcert {
  concert: Concert;
  band: Band | null;
  venue: Venue | null;
  event: Event | null;
  /** From the centre of the circle that was asked for. */
  distanceKm?: number;
}

export type Part = 'bands' | 'venues' | 'events';

/** How long one stage of an answer took and how many entries of indexes it read. */
export interface Stage {
  name: string;
  durationMs: number;
  entriesRead?: number;
}

/** Which read model answered, and how old its data may be. */
export interface Served {
  servedBy: 'services' | 'elasticsearch';
  /** Everything that was written so long ago, in milliseconds, is in the answer. */
  dataAgeMs: number;
}

export interface FoundConcerts extends Served {
  concerts: JoinedConcert[];
  /** The services that could not be asked for details. */
  missing: Part[];
  stages: Stage[];
}

export interface ConcertPage extends FoundConcerts {
  /** Where the next page begins; none when this is the last. */
  next: DateKey | undefined;
}

/** How new an answer must be. It is no part of the query: each page of one may be asked for in another way. */
export interface Freshness {
  /** `strong` shows all that was written before it was asked, `fresh` what a read model has got by now. */
  consistency: 'fresh' | 'strong';
  /** What was written before, and must be seen whatever else is. */
  afterChange: readonly WrittenVersion[];
}

/** Finds concerts. All read models return the same concerts in the same order for the same query. */
export interface ConcertReadModel {
  find(query: ConcertQuery, asking: CallContext, freshness?: Freshness): Promise<ConcertPage>;
  /** One concert, whatever its status; none when it does not exist. */
  byId(id: number, asking: CallContext, freshness?: Freshness): Promise<FoundConcerts>;
}
