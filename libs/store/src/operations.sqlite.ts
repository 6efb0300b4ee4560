import type { SqliteDatabase } from '#database';
import { sqliteBands } from './bands.sqlite.js';
import { sqliteConcerts } from './concerts.sqlite.js';
import { deleteOperation } from './concerts-of.sqlite.js';
import { sqliteEvents } from './events.sqlite.js';
import { recordOperations } from './record-writes.sqlite.js';
import { sqliteVenues } from './venues.sqlite.js';

/** What can be written to a store of each kind of record. */
export const operationsOf = {
  bands: (db: SqliteDatabase) => recordOperations(db, sqliteBands),
  venues: (db: SqliteDatabase) => recordOperations(db, sqliteVenues),
  events: (db: SqliteDatabase) => recordOperations(db, sqliteEvents),
  concerts: (db: SqliteDatabase) => ({ ...recordOperations(db, sqliteConcerts), ...deleteOperation(db, sqliteConcerts) }),
};
