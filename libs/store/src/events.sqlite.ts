import { completer, Event, type EventRow, folded } from '#contracts';
import type { SqliteKind } from './kind.sqlite.js';
import type { EventStore } from './port.js';
import { openRecords, SqliteNamedRecords } from './records.sqlite.js';

const MIGRATIONS = [
  `
  create table events (
    id integer primary key, folded text not null, document text not null
  ) strict;
  create index events_by_name on events (folded, id);
  `,
];

export const sqliteEvents: SqliteKind<Event, EventRow> = {
  table: 'events',
  migrations: MIGRATIONS,
  record: Event,
  complete: completer(Event),
  indexed: ({ name }) => ({ folded: folded(name) }),
};

export const openSqliteEvents = async (path: string): Promise<EventStore> =>
  new SqliteNamedRecords(await openRecords(path, sqliteEvents), sqliteEvents);
