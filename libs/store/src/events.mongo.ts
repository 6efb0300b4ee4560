import { type Event, type EventValue, type eventSteps, folded } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import { deletedIndex, type MongoKind, purgeIndex } from './entities.mongo.js';
import { eventKind } from './kinds.js';
import type { EventStore } from './port.js';
import { MongoNamedRecords } from './records.mongo.js';

export const eventMigrations: MongoMigrations = [
  [{ collection: 'events', name: 'name', key: { folded: 1, _id: 1 } }],
  [
    deletedIndex('events'),
    // Those that a saga made: an imported one has no key.
    {
      collection: 'events',
      name: 'key',
      key: { key: 1, twin: 1 },
      options: { unique: true, partialFilterExpression: { key: { $exists: true } } },
    },
  ],
  [purgeIndex('events')],
];

const mongoEvents: MongoKind<Event, EventValue> = { ...eventKind, indexed: ({ name }) => ({ folded: folded(name) }) };

export const mongoEventStore = (db: MongoDatabase, tombstoneRetentionMs: number): EventStore =>
  new MongoNamedRecords<Event, EventValue, typeof eventSteps>(db, mongoEvents, tombstoneRetentionMs);
