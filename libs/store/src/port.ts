import type {
  Area,
  Band,
  BandRow,
  Circle,
  Concert,
  ConcertRow,
  DistanceKey,
  Event,
  EventRow,
  FindConcerts,
  ListRequest,
  UpsertOutcome,
  Venue,
  VenueRow,
} from '#contracts';
import type { StoreIdentity } from '#database';

/** How long a store may take over a call: an absolute time in epoch milliseconds. A store that is late throws `Timeout`. */
export interface Within {
  deadline: number;
}

/** What a store does for every kind of record. */
export interface RecordStore<Record, Row> {
  readonly identity: StoreIdentity;
  /** Those of the ids that exist, ascending. */
  byIds(ids: readonly number[], within: Within): Promise<Record[]>;
  /**
   * Writes rows by id, or by natural key where a row has none; durable when it returns. An outcome a row, in their
   * order. A row that says what is already stored changes nothing.
   */
  upsert(rows: readonly Row[], within: Within): Promise<UpsertOutcome[]>;
  count(within: Within): Promise<number>;
  /** Resolves when the store answers. */
  ping(within: Within): Promise<void>;
  /** Ends it; twice is harmless. */
  close(): Promise<void>;
}

export interface NamedStore<Record, Row> extends RecordStore<Record, Row> {
  /** By folded name, then id. */
  list(request: ListRequest, within: Within): Promise<Record[]>;
}

export type BandStore = NamedStore<Band, BandRow>;
export type EventStore = NamedStore<Event, EventRow>;

export interface VenueStore extends NamedStore<Venue, VenueRow> {
  idsWithin(
    request: { area: Area; afterId?: number; limit: number },
    within: Within,
  ): Promise<{ items: number[]; entriesRead: number }>;
  /** Nearest first, then by id. */
  near(
    request: {
      circle: Circle;
      name?: string;
      after?: DistanceKey;
      limit: number;
    },
    within: Within,
  ): Promise<{ venue: Venue; distanceKm: number }[]>;
}

export interface ConcertStore extends RecordStore<Concert, ConcertRow> {
  /** By date, then id, in the direction asked. `entriesRead` counts the entries of indexes that were looked at. */
  find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }>;
}
