export { Answers } from './answers.js';
export { DRAIN_TIMEOUT_MS, READ_DEADLINE_MS } from './bounds.js';
export type { CallContext } from './call-context.js';
export { CallDurations } from './call-durations.js';
export type { Caller, ServiceCallers } from './callers.js';
export type { Peer } from './heartbeat.js';
export type { RpcLogger } from './logger.js';
export { RpcClient } from './rpc-client.js';
export { RpcServer } from './rpc-server.js';
