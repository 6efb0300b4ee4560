import { completer, Event, type EventRow, folded } from '#contracts';
import { SqliteDatabase } from '#database';
import type { EventStore } from './port.js';
import { SqliteNamedRecords } from './records.sqlite.js';

const MIGRATIONS = [
  `
  create table events (
    id integer primary key, folded text not null, document text not null
  ) strict;
  create index events_by_name on events (folded, id);
  `,
];

export function sqliteEventStore(path: string): EventStore {
  return new SqliteNamedRecords<Event, EventRow>(SqliteDatabase.open(path, MIGRATIONS), {
    table: 'events',
    record: Event,
    complete: completer(Event),
    indexed: ({ name }) => ({ folded: folded(name) }),
  });
}
