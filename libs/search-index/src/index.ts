export type { Outcomes } from './bulk-writer.js';
export { type Checkpoint, completeUntil, type FanOutJob, type FeedPosition } from './checkpoint.js';
export {
  CheckpointConflict,
  type CheckpointPosition,
  type ConcertIndices,
  composedVersion,
  type FoundEntry,
  type IndexEntry,
  IndexGone,
  IndexMoved,
  isTombstone,
  type LiveEntry,
  type StoredCheckpoint,
  type TombstoneEntry,
  type Versions,
  type WriteOutcome,
} from './concert-index.js';
export { openElasticsearch } from './elasticsearch-client.js';
export { indexReason } from './elasticsearch-faults.js';
export { ElasticsearchIndices } from './elasticsearch-indices.js';
export { INDEX_VERSION, indexNames, indexTemplate, isIndexName, LIVE_FILTER, nextIndexName } from './index-definition.js';
export { CHECKPOINT_DOCUMENT_ID, type CheckpointDocument, type LiveDocument, toDocument } from './index-document.js';
export type { IndexLeader } from './index-leader.js';
export { Indexer, type IndexerParts, type IndexerState } from './indexer.js';
export { type Callers, OwnerServices } from './owner-services.js';
export { IndexDiffers, type Reindexed, type ReindexProgress, reindex } from './reindex.js';
export { openIndexSimulator } from './simulator/open-simulator.js';
export { indexProtections, isIndexProtection } from './simulator/without.js';
export { type Difference, MAX_DIFFERENCES, type Verification, verify } from './verification.js';
