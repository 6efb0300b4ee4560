import type { ServiceName } from '#config';
import type { RpcClient } from '#rpc';

/** The connections to the four services, by their names. */
export type Clients = Record<ServiceName, RpcClient>;

export const CLIENTS = Symbol('clients');
export const READ_MODEL = Symbol('read model');
export const RECORDS = Symbol('records');
export const CONFIG = Symbol('config');
/** Whether the gateway is on its way out. */
export const DRAINING = Symbol('draining');
