import { type Event, type EventValue, type eventSteps, folded } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import { deletedIndex, purgeIndex } from './entities.mongo.js';
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

export const mongoEventStore = (db: MongoDatabase): EventStore =>
  new MongoNamedRecords<Event, EventValue, typeof eventSteps>(db, {
    ...eventKind,
    indexed: ({ name }) => ({ folded: folded(name) }),
  });
