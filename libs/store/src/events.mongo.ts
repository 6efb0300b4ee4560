import { completer, Event, type EventRow, folded } from '#contracts';
import type { MongoDatabase, MongoMigrations } from '#database';
import type { EventStore } from './port.js';
import { MongoNamedRecords } from './records.mongo.js';

export const eventMigrations: MongoMigrations = [[{ collection: 'events', name: 'name', key: { folded: 1, _id: 1 } }]];

export function mongoEventStore(db: MongoDatabase): EventStore {
  return new MongoNamedRecords<Event, EventRow>(db, {
    collection: 'events',
    record: Event,
    complete: completer(Event),
    indexed: ({ name }) => ({ folded: folded(name) }),
  });
}
