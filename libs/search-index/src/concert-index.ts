import type { Band, Concert, Event, Venue } from '#contracts';
import type { Checkpoint } from './checkpoint.js';

/** The states that a concert is composed of; 0 is a part that its service does not know, or that it has none of. */
export interface Versions {
  concert: number;
  band: number;
  venue: number;
  event: number;
}

/** A concert as the index holds it: with its parts, null where they are not known. */
export interface LiveEntry {
  id: number;
  versions: Versions;
  concert: Concert;
  band: Band | null;
  venue: Venue | null;
  event: Event | null;
}

/** What stays of a deleted concert, so that an older state that comes late does not bring it back. */
export interface TombstoneEntry {
  id: number;
  versions: Versions;
  /** Epoch milliseconds: when its service committed that; 0 when that was before there was a feed. */
  deletedAt: number;
}

export type IndexEntry = LiveEntry | TombstoneEntry;

export const isTombstone = (entry: IndexEntry): entry is TombstoneEntry => 'deletedAt' in entry;

/** The bits that the sum of three versions of parts needs: none passes 2^24. */
const PARTS_FACTOR = 2 ** 26;

/**
 * The number that orders the states of one composed concert; exact in a double. Within one version of the concert each
 * part only rises, so whatever order two writers send in, the last composition has the highest number.
 */
export const composedVersion = ({ concert, band, venue, event }: Versions): number =>
  concert * PARTS_FACTOR + (band + venue + event);

/** What became of an entry: `newer` is there already, `refused` will never be taken as it is, `retry` may be later. */
export type WriteOutcome =
  | { outcome: 'written' }
  | { outcome: 'newer' }
  | { outcome: 'retry'; reason: string }
  | { outcome: 'refused'; reason: string };

/** What is there of one concert, as search finds it. */
export interface FoundEntry {
  id: number;
  versions: Versions;
  isLive: boolean;
}

/** A checkpoint as it was read or written, and what names that state of it. */
export interface StoredCheckpoint {
  checkpoint: Checkpoint;
  position: CheckpointPosition;
}

/** Elasticsearch's sequence number and primary term of the document. */
export interface CheckpointPosition {
  seqNo: number;
  primaryTerm: number;
}

/** What somebody relied on is not as it was: an index, its leader, or the stores of the services. */
export class IndexMoved extends Error {}

/** The index that was named is not there, or no longer. */
export class IndexGone extends IndexMoved {}

/** Another writer has stored the checkpoint since. */
export class CheckpointConflict extends Error {}

/**
 * The indices of one installation, as who fills them sees them. The one behind the alias is read; each holds its own
 * checkpoint. Whatever cannot be done now is a Fault `Unavailable`, `Overloaded` or `Timeout`.
 */
export interface ConcertIndices {
  /** The name of the index behind the alias. */
  current(): Promise<string | undefined>;
  /** The names of all there are of this version of the index, oldest first. */
  names(): Promise<string[]>;
  /** Makes an empty one, which no alias names. @returns false when one of this name is there */
  create(name: string): Promise<boolean>;
  /** The alias names this index from now on, and no other: in one step. @throws IndexGone */
  swapTo(name: string): Promise<void>;
  /** Harmless where there is none. */
  remove(name: string): Promise<void>;
  /**
   * Writes each entry unless a state of the same or a higher composed version is there.
   * @returns an outcome an entry, in their order @throws IndexGone
   */
  write(name: string, entries: readonly IndexEntry[]): Promise<WriteOutcome[]>;
  /** All that was written before is found by every search after. @throws IndexGone */
  refresh(name: string): Promise<void>;
  /** @throws IndexGone */
  readCheckpoint(name: string): Promise<StoredCheckpoint | undefined>;
  /**
   * Stores a checkpoint if the one at `position`, or none, is there.
   * @throws CheckpointConflict where another is, IndexGone
   */
  storeCheckpoint(name: string, checkpoint: Checkpoint, position: CheckpointPosition | undefined): Promise<CheckpointPosition>;
  /** What search finds, live and tombstones, by id. Fewer than `limit` are the last. @throws IndexGone */
  entriesAfter(name: string, afterId: number, limit: number): Promise<FoundEntry[]>;
  /** Removes tombstones, unless they were written again since. @returns how many, at most `limit` @throws IndexGone */
  removeTombstones(name: string, deletedBefore: number, limit: number): Promise<number>;
}
