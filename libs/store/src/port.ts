import type {
  Area,
  Band,
  BandRow,
  bandSteps,
  CallContract,
  Circle,
  Concert,
  ConcertRow,
  concertSteps,
  DistanceKey,
  Event,
  EventRow,
  eventSteps,
  FindConcerts,
  ListRequest,
  ReplyOf,
  RequestOf,
  UpsertOutcome,
  Venue,
  VenueRow,
  venueSteps,
} from '#contracts';
import type { StoreIdentity } from '#database';

/** How long a store may take over a call: an absolute time in epoch milliseconds. A store that is late throws `Timeout`. */
export interface Within {
  deadline: number;
}

/** Answers to the calls of the participant protocol; each change is one commit. What they refuse they throw as a Fault. */
export type Participant<Calls extends Record<string, CallContract>> = {
  [Name in keyof Calls]: (request: RequestOf<Calls[Name]>, within: Within) => Promise<ReplyOf<Calls[Name]>>;
};

/** What a store does for every kind of record. */
export interface RecordStore<Record, Row, Steps> {
  readonly identity: StoreIdentity;
  readonly steps: Steps;
  /** Those of the ids that exist, ascending. */
  byIds(ids: readonly number[], within: Within): Promise<Record[]>;
  /**
   * Writes rows by id, or by natural key where a row has none; durable when it returns. An outcome a row, in their
   * order. A row that says what is already stored changes nothing. Whatever sagas do, what it wrote or found stays.
   */
  upsert(rows: readonly Row[], within: Within): Promise<UpsertOutcome[]>;
  count(within: Within): Promise<number>;
  /** Resolves when the store answers. */
  ping(within: Within): Promise<void>;
  /** Ends it; twice is harmless. */
  close(): Promise<void>;
}

export interface NamedStore<Record, Row, Steps> extends RecordStore<Record, Row, Steps> {
  /** By folded name, then id. */
  list(request: ListRequest, within: Within): Promise<Record[]>;
}

export type BandStore = NamedStore<Band, BandRow, Participant<typeof bandSteps>>;
export type EventStore = NamedStore<Event, EventRow, Participant<typeof eventSteps>>;

export interface VenueStore extends NamedStore<Venue, VenueRow, Participant<typeof venueSteps>> {
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

/** The calls of the participant protocol that every kind of record has. */
export type ConcertSteps = Omit<typeof concertSteps, 'countOf' | 'deleteOf'>;

export interface ConcertStore extends RecordStore<Concert, ConcertRow, Participant<ConcertSteps>> {
  /** By date, then id, in the direction asked. `entriesRead` counts the entries of indexes that were looked at. */
  find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }>;
  countOf: Participant<typeof concertSteps>['countOf'];
  deleteOf: Participant<typeof concertSteps>['deleteOf'];
}
