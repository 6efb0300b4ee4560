export { openBandStore, openConcertStore, openEventStore, openVenueStore, type StoreLocation } from './open.js';
export type { BandStore, ConcertStore, EventStore, NamedStore, RecordStore, VenueStore, Within } from './port.js';
