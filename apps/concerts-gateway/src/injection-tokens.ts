/** The tokens under which the controllers get what they work with. */
export const CLIENTS = Symbol('clients');
export const READ_MODEL = Symbol('read model');
/** How far the search index is; undefined where there is none. */
export const INDEX = Symbol('index');
export const RECORDS = Symbol('records');
export const CONFIG = Symbol('config');
/** Aborted when the gateway is on its way out. */
export const DRAINING = Symbol('draining');
