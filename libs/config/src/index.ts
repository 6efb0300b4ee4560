export { type Address, type Config, loadConfig, readConfig, type ServiceName, serviceNames } from './config.js';
export { readTestEngines, type TestEngines } from './test-engines.js';
export { VERSION } from './version.js';
