/** The tokens under which the controllers get what they work with. */
export const ENGINE = Symbol('engine');
export const WRITES = Symbol('writes');
export const CLIENTS = Symbol('clients');
export const RECORDS = Symbol('records');
export const CONFIG = Symbol('config');
/** Aborted when the orchestrator is on its way out. */
export const DRAINING = Symbol('draining');
