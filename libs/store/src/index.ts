export { afterDelete, assertAtMost, countLimit, deletionsOf, referenceOf } from './concerts-of.js';
export { embeddedMigrations, inMemoryStores } from './in-memory.js';
export { bandKind, concertKind, eventKind, venueKind } from './kinds.js';
export { openBandStore, openConcertStore, openEventStore, openVenueStore, type StoreLocation } from './open.js';
export type { Decision, Draft, Entity, SagaState } from './participant.js';
export type {
  AnswersTo,
  BandStore,
  ConcertStore,
  EventStore,
  Feed,
  NamedStore,
  RecordStore,
  VenueStore,
  Within,
} from './port.js';
export { decided, type Known, type Step, type StepName, stepsOf } from './steps.js';
export { type PlannedRow, planUpsert } from './upsert-plan.js';
