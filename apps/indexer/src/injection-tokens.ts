/** The tokens under which the controller gets what it works with. */
export const INDEXER = Symbol('indexer');
export const INDICES = Symbol('indices');
export const CLIENTS = Symbol('clients');
/** Aborted when the indexer is on its way out. */
export const DRAINING = Symbol('draining');
