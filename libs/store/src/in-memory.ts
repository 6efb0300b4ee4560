import type { Band, BandValue, bandSteps, Event, EventValue, eventSteps } from '#contracts';
import { type SqliteDatabase, SqliteStore } from '#database';
import { sqliteBands } from './bands.sqlite.js';
import { SqliteConcerts, sqliteConcerts } from './concerts.sqlite.js';
import { sqliteEvents } from './events.sqlite.js';
import { operationsOf } from './operations.sqlite.js';
import type { BandStore, ConcertStore, EventStore, VenueStore } from './port.js';
import { SqliteNamedRecords } from './records.sqlite.js';
import { SqliteVenues, sqliteVenues } from './venues.sqlite.js';

/** The schemas of the embedded stores, for `SqliteDatabase.inMemory`. */
export const embeddedMigrations = {
  bands: sqliteBands.migrations,
  venues: sqliteVenues.migrations,
  events: sqliteEvents.migrations,
  concerts: sqliteConcerts.migrations,
};

/** The embedded stores on databases in memory, without a thread: every call is carried out when it is made. */
export const inMemoryStores = {
  bands: (db: SqliteDatabase): BandStore =>
    new SqliteNamedRecords<Band, BandValue, typeof bandSteps>(SqliteStore.inMemory(db, operationsOf.bands(db)), sqliteBands),
  venues: (db: SqliteDatabase): VenueStore => new SqliteVenues(SqliteStore.inMemory(db, operationsOf.venues(db)), sqliteVenues),
  events: (db: SqliteDatabase): EventStore =>
    new SqliteNamedRecords<Event, EventValue, typeof eventSteps>(SqliteStore.inMemory(db, operationsOf.events(db)), sqliteEvents),
  concerts: (db: SqliteDatabase): ConcertStore =>
    new SqliteConcerts(SqliteStore.inMemory(db, operationsOf.concerts(db)), sqliteConcerts),
};
