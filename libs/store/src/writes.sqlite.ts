import { type SqliteDatabase, serveWrites } from '#database';
import { sqliteBands } from './bands.sqlite.js';
import { sqliteConcerts } from './concerts.sqlite.js';
import { deleteOperation } from './concerts-of.sqlite.js';
import { sqliteEvents } from './events.sqlite.js';
import { recordOperations } from './record-writes.sqlite.js';
import { sqliteVenues } from './venues.sqlite.js';

// What runs in the thread that writes a store: the operations of its kind of record, which it is started with.

const operationsOf = {
  bands: (db: SqliteDatabase) => recordOperations(db, sqliteBands),
  venues: (db: SqliteDatabase) => recordOperations(db, sqliteVenues),
  events: (db: SqliteDatabase) => recordOperations(db, sqliteEvents),
  concerts: (db: SqliteDatabase) => ({ ...recordOperations(db, sqliteConcerts), ...deleteOperation(db, sqliteConcerts) }),
};

serveWrites((db, table: keyof typeof operationsOf) => operationsOf[table](db));
