export {
  databaseName,
  MongoDatabase,
  type MongoIndex,
  type MongoMigrations,
  type ReadOptions,
  type StoreLogger,
} from './mongo-database.js';
export { isDuplicateKey, isLostPlace, isOutOfTime } from './mongo-faults.js';
export { letReadsGoFirst } from './reads-first.js';
export { type Migrations, numberOf, resultCodeOf, SqliteDatabase, textOf, UNFINISHED_RESTORE } from './sqlite-database.js';
export { SqliteStore } from './sqlite-store.js';
export { serveWrites } from './sqlite-thread.js';
export type { StoreIdentity } from './store-identity.js';
