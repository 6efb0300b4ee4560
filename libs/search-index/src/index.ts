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
export { openElasticsearch } from './elasticsearch-client.js';
export { INDEX_VERSION, indexNames, indexTemplate, LIVE_FILTER, nextIndexName } from './index-definition.js';
export { type LiveDocument, toDocument } from './index-document.js';
