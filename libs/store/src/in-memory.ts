import type { Band, BandValue, bandSteps, Event, EventValue, eventSteps } from '#contracts';
import { type SqliteDatabase, SqliteStore } from '#database';
import { sqliteBands } from './bands.sqlite.js';
import { SqliteConcerts, sqliteConcerts } from './concerts.sqlite.js';
import { sqliteEvents } from './events.sqlite.js';
import { operationsOf } from './operations.sqlite.js';
import { type BandStore, type ConcertStore, type EventStore, TOMBSTONE_RETENTION_MS, type VenueStore } from './port.js';
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
  bands: (db: SqliteDatabase, tombstoneRetentionMs = TOMBSTONE_RETENTION_MS): BandStore =>
    new SqliteNamedRecords<Band, BandValue, typeof bandSteps>(
      SqliteStore.inMemory(db, operationsOf.bands(db)),
      sqliteBands,
      tombstoneRetentionMs,
    ),
  venues: (db: SqliteDatabase, tombstoneRetentionMs = TOMBSTONE_RETENTION_MS): VenueStore =>
    new SqliteVenues(SqliteStore.inMemory(db, operationsOf.venues(db)), sqliteVenues, tombstoneRetentionMs),
  events: (db: SqliteDatabase, tombstoneRetentionMs = TOMBSTONE_RETENTION_MS): EventStore =>
    new SqliteNamedRecords<Event, EventValue, typeof eventSteps>(
      SqliteStore.inMemory(db, operationsOf.events(db)),
      sqliteEvents,
      tombstoneRetentionMs,
    ),
  concerts: (db: SqliteDatabase, tombstoneRetentionMs = TOMBSTONE_RETENTION_MS): ConcertStore =>
    new SqliteConcerts(SqliteStore.inMemory(db, operationsOf.concerts(db)), sqliteConcerts, tombstoneRetentionMs),
};
