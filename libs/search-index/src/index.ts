export type { Checkpoint, FanOutJob, FeedPosition, PutAside } from './checkpoint.js';
export {
  CheckpointConflict,
  type CheckpointPosition,
  type ConcertIndices,
  composedVersion,
  type FoundEntry,
  type IndexEntry,
  IndexGone,
  isTombstone,
  type LiveEntry,
  type StoredCheckpoint,
  type TombstoneEntry,
  type Versions,
  type WriteOutcome,
} from './concert-index.js';
