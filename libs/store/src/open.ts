import { join } from 'node:path';
import { MongoDatabase, type MongoMigrations, type StoreLogger } from '#database';
import { bandMigrations, mongoBandStore } from './bands.mongo.js';
import { openSqliteBands } from './bands.sqlite.js';
import { concertMigrations, mongoConcertStore } from './concerts.mongo.js';
import { openSqliteConcerts } from './concerts.sqlite.js';
import { eventMigrations, mongoEventStore } from './events.mongo.js';
import { openSqliteEvents } from './events.sqlite.js';
import { type BandStore, type ConcertStore, type EventStore, TOMBSTONE_RETENTION_MS, type VenueStore } from './port.js';
import { mongoVenueStore, venueMigrations } from './venues.mongo.js';
import { openSqliteVenues } from './venues.sqlite.js';

/** Where a service keeps its database: a database of its own name in a MongoDB, or a file of its own name. */
export interface StoreLocation {
  name: string;
  dataDir: string;
  mongoUrl: string | undefined;
  /** For how long its service keeps what was deleted. */
  tombstoneRetentionMs?: number;
}

/** Opens a store: waits for a MongoDB that is away. @throws CannotStart with one line when it never can */
type Opener<Store> = (location: StoreLocation, logger: StoreLogger) => Promise<Store>;

interface Openers<Store> {
  sqlite(path: string, tombstoneRetentionMs: number): Promise<Store>;
  mongo(db: MongoDatabase, tombstoneRetentionMs: number): Store;
  migrations: MongoMigrations;
}

const opener =
  <Store>({ sqlite, mongo, migrations }: Openers<Store>): Opener<Store> =>
  async ({ name, dataDir, mongoUrl, tombstoneRetentionMs = TOMBSTONE_RETENTION_MS }, logger) => {
    if (mongoUrl === undefined) return sqlite(join(dataDir, `${name}.sqlite`), tombstoneRetentionMs);
    return mongo(await MongoDatabase.open({ url: mongoUrl, service: name }, migrations, logger), tombstoneRetentionMs);
  };

export const openBandStore: Opener<BandStore> = opener({
  sqlite: openSqliteBands,
  mongo: mongoBandStore,
  migrations: bandMigrations,
});
export const openVenueStore: Opener<VenueStore> = opener({
  sqlite: openSqliteVenues,
  mongo: mongoVenueStore,
  migrations: venueMigrations,
});
export const openEventStore: Opener<EventStore> = opener({
  sqlite: openSqliteEvents,
  mongo: mongoEventStore,
  migrations: eventMigrations,
});
export const openConcertStore: Opener<ConcertStore> = opener({
  sqlite: openSqliteConcerts,
  mongo: mongoConcertStore,
  migrations: concertMigrations,
});
