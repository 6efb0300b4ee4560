import type {
  Area,
  Band,
  BandRow,
  bandSteps,
  CallContract,
  Changes,
  ChangesRequest,
  Circle,
  Concert,
  ConcertRow,
  concertSteps,
  DistanceKey,
  Event,
  EventRow,
  eventSteps,
  FindConcerts,
  Head,
  ListRequest,
  ReplyOf,
  RequestOf,
  ScanRequest,
  States,
  UpsertOutcome,
  Venue,
  VenueRow,
  venueSteps,
} from '#contracts';
import type { StoreIdentity } from '#database';

/** For how long deletes are kept by who was not told otherwise: a week, as by a service that is not configured. */
export const TOMBSTONE_RETENTION_MS = 7 * 86_400_000;

/** How long a store may take over a call: an absolute time in epoch milliseconds. A store that is late throws `Timeout`. */
export interface Within {
  deadline: number;
}

/** Answers to calls, each by the method of its name. What they refuse they throw as a Fault. */
export type AnswersTo<Calls extends Record<string, CallContract>> = {
  [Name in keyof Calls]: (request: RequestOf<Calls[Name]>, within: Within) => Promise<ReplyOf<Calls[Name]>>;
};

/** Which of those that are deleted are forgotten: last written before a time (epoch milliseconds), so many at most. */
export interface Purge {
  before: number;
  limit: number;
}

/** Every version of every record, for readers that keep their own copy of what is there: the calls of the contracts. */
export interface Feed<Record> {
  changes(request: ChangesRequest, within: Within): Promise<Changes<Record>>;
  head(request: object, within: Within): Promise<Head>;
  scan(request: ScanRequest, within: Within): Promise<States<Record>>;
  states(request: { ids: number[] }, within: Within): Promise<States<Record>>;
  /** Forgets some of what is deleted. @returns how many; fewer than the limit were the last */
  purgeTombstones(purge: Purge, within: Within): Promise<number>;
  /** Those who wait for changes are answered at once; from now on nobody waits. */
  endWaits(): void;
}

/** What a store does for every kind of record. */
export interface RecordStore<Record, Row, Steps> {
  readonly identity: StoreIdentity;
  /** Answers to the participant protocol; each change is one commit. */
  readonly steps: Steps;
  readonly feed: Feed<Record>;
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

export type BandStore = NamedStore<Band, BandRow, AnswersTo<typeof bandSteps>>;
export type EventStore = NamedStore<Event, EventRow, AnswersTo<typeof eventSteps>>;

export interface VenueStore extends NamedStore<Venue, VenueRow, AnswersTo<typeof venueSteps>> {
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

export interface ConcertStore extends RecordStore<Concert, ConcertRow, AnswersTo<ConcertSteps>> {
  /** By date, then id, in the direction asked. `entriesRead` counts the entries of indexes that were looked at. */
  find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }>;
  countOf: AnswersTo<typeof concertSteps>['countOf'];
  deleteOf: AnswersTo<typeof concertSteps>['deleteOf'];
}
