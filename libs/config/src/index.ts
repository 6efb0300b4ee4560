export { type Address, type Config, loadConfig, readConfig, type ServiceName, serviceNames } from './config.js';
export { VERSION } from './version.js';
