import { join } from 'node:path';
import { sqliteBandStore } from './bands.sqlite.js';
import { sqliteConcertStore } from './concerts.sqlite.js';
import { sqliteEventStore } from './events.sqlite.js';
import type { BandStore, ConcertStore, EventStore, VenueStore } from './port.js';
import { sqliteVenueStore } from './venues.sqlite.js';

/** Where a service keeps its database: a database of its own name in a MongoDB, or a file of its own name. */
export interface StoreLocation {
  name: string;
  dataDir: string;
  mongoUrl: string | undefined;
}

const fileOf = ({ dataDir, name }: StoreLocation) => join(dataDir, `${name}.sqlite`);

export const openBandStore = async (location: StoreLocation): Promise<BandStore> => sqliteBandStore(fileOf(location));
export const openVenueStore = async (location: StoreLocation): Promise<VenueStore> => sqliteVenueStore(fileOf(location));
export const openEventStore = async (location: StoreLocation): Promise<EventStore> => sqliteEventStore(fileOf(location));
export const openConcertStore = async (location: StoreLocation): Promise<ConcertStore> => sqliteConcertStore(fileOf(location));
