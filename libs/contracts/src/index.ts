export { makeAjv } from './ajv.js';
export {
  type CallContract,
  defineCall,
  type ReplyOf,
  type RequestOf,
} from './call.js';
export * from './calls.js';
export { CHANGE_TOKEN_FORM, parseChangeToken, toChangeToken, type WrittenVersion } from './change-token.js';
export * from './feed.js';
export { folded } from './folded.js';
export * from './http.js';
export * from './indexer.js';
export * from './metrics.js';
export { type ParsedMoment, parseMoment } from './moment.js';
export * from './participants.js';
export * from './records.js';
export * from './scalars.js';
export { quoted, schemaFaults } from './schema-faults.js';
export * from './writes.js';
