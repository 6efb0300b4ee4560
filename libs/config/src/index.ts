export {
  type Address,
  type Config,
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
