export {
  databaseName,
  MongoDatabase,
  type MongoIndex,
  type MongoMigrations,
  type ReadOptions,
  type StoreLogger,
} from './mongo-database.js';
export { type Migrations, numberOf, SqliteDatabase, textOf } from './sqlite-database.js';
export type { StoreIdentity } from './store-identity.js';
