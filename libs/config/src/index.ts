export {
  type Address,
  type Config,
  hostToReach,
  type IndexerConfig,
  loadConfig,
  type OrchestratorConfig,
  readConfig,
  type ServiceName,
  serviceNames,
} from './config.js';
export type { ElasticsearchConfig } from './elasticsearch.js';
export { readTestEngines, type TestEngines } from './test-engines.js';
export { VERSION } from './version.js';
export type { WriteToken } from './write-tokens.js';
