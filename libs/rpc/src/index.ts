export { Answers } from './answers.js';
export { DRAIN_TIMEOUT_MS, MAX_MESSAGE_BYTES, READ_DEADLINE_MS } from './bounds.js';
export type { CallContext } from './call-context.js';
export { CallDurations } from './call-durations.js';
export type { Peer, PeerStatus } from './heartbeat.js';
export type { RpcLogger } from './logger.js';
export { RpcClient } from './rpc-client.js';
export { RpcServer } from './rpc-server.js';
