export { afterDelete, assertAtMost, deletionsOf, referenceOf } from './concerts-of.js';
export { embeddedMigrations, inMemoryStores } from './in-memory.js';
export { bandKind, concertKind, eventKind, venueKind } from './kinds.js';
export { openBandStore, openConcertStore, openEventStore, openVenueStore, type StoreLocation } from './open.js';
export type { Decision, Draft, Entity } from './participant.js';
export type {
  AnswersTo,
  BandStore,
  ConcertStore,
  EventStore,
  Feed,
  RecordStore,
  VenueStore,
  Within,
} from './port.js';
export { decided, type Known, type Step, stepsOf } from './steps.js';
export { type PlannedRow, planUpsert } from './upsert-plan.js';
