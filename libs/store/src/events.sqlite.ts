import { type Event, type EventValue, type eventSteps, folded } from '#contracts';
import { feedMigration, type SqliteKind, sagaMigration } from './kind.sqlite.js';
import { eventKind } from './kinds.js';
import type { EventStore } from './port.js';
import { openRecords, SqliteNamedRecords } from './records.sqlite.js';

const MIGRATIONS = [
  `
  create table events (
    id integer primary key, folded text not null, document text not null
  ) strict;
  create index events_by_name on events (folded, id);
  `,
  // Only what a saga made has a key.
  `
  ${sagaMigration('events')}
  alter table events add column key text;
  alter table events add column twin integer not null default 0;
  create unique index events_key on events (key, twin) where key is not null;
  `,
  feedMigration('events'),
];

export const sqliteEvents: SqliteKind<Event, EventValue> = {
  ...eventKind,
  migrations: MIGRATIONS,
  keyColumns: (key) => ({ key: key ?? null }),
  indexed: ({ name }) => ({ folded: folded(name) }),
};

export const openSqliteEvents = async (path: string, tombstoneRetentionMs: number): Promise<EventStore> =>
  new SqliteNamedRecords<Event, EventValue, typeof eventSteps>(
    await openRecords(path, sqliteEvents),
    sqliteEvents,
    tombstoneRetentionMs,
  );
