export type { Outcomes } from './bulk-writer.js';
export { type Checkpoint, completeUntil, dataAgeMs } from './checkpoint.js';
export {
  type ConcertIndices,
  type IndexEntry,
  IndexGone,
  IndexMoved,
  type LiveEntry,
} from './concert-index.js';
export { openElasticsearch } from './elasticsearch-client.js';
export { indexReason } from './elasticsearch-faults.js';
export { ElasticsearchIndices } from './elasticsearch-indices.js';
export { indexNames, isIndexName, LIVE_FILTER, MAX_RESULT_WINDOW, nextIndexName } from './index-definition.js';
export { CHECKPOINT_DOCUMENT_ID, type CheckpointDocument, type LiveDocument } from './index-document.js';
export { Indexer, type IndexerParts } from './indexer.js';
export { OwnerServices } from './owner-services.js';
export { IndexDiffers, reindex } from './reindex.js';
export { openIndexSimulator } from './simulator/open-simulator.js';
export { indexProtections, isIndexProtection } from './simulator/without.js';
export { type Difference, MAX_DIFFERENCES, type Verification, verify } from './verification.js';
