export {
  type Address,
  byService,
  type Config,
  hostToReach,
  loadConfig,
  readConfig,
  type ServiceName,
  serviceNames,
  tcpPortVariable,
} from './config.js';
export type { ElasticsearchConfig } from './elasticsearch.js';
export { readTestEngines } from './test-engines.js';
export { VERSION } from './version.js';
export type { WriteToken } from './write-tokens.js';
