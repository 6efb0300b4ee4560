import type { SQLInputValue } from 'node:sqlite';
import type { Migrations, SqliteDatabase } from '#database';
import type { Kind } from './kind.js';

/**
 * How one kind of record lies in the table of its name: beside `id`, `document` (the whole record as JSON) and `saga`
 * (what sagas know of it; null for what an import wrote), the columns that indexes need. `twin` is 0 for the holder of a
 * key and its own id for any other record that has the same, so that a unique index can hold both. What was deleted is in
 * the table `tombstones`, where only those come across it who read the feed.
 */
export interface SqliteKind<R extends V, V> extends Kind<R, V> {
  migrations: Migrations;
  /** The columns that say a key. */
  keyColumns(key: string | undefined): Record<string, SQLInputValue>;
  /** The other columns that indexes need. */
  indexed(record: R): Record<string, SQLInputValue>;
  /** Writes what else must go with the record, in the same transaction. */
  alsoWrite?(db: SqliteDatabase, record: R): void;
  /** And removes it. */
  alsoRemove?(db: SqliteDatabase, id: number): void;
}

/** What every kind of record was given when sagas came. */
export const sagaMigration = (table: string): string => `
  alter table ${table} add column saga text;
  create table tombstones (
    id integer primary key, key text, twin integer not null, version integer not null, saga text not null
  ) strict;
  create unique index tombstones_key on tombstones (key, twin);
`;

/**
 * What every kind of record was given when the feed came. `seq` is the place of the newest version in the order of all
 * commits, over both tables; what is older than the feed has none, and no reader has a place before it. `written_at` is
 * the time of the last write of any kind.
 */
export const feedMigration = (table: string): string => `
  alter table ${table} add column seq integer;
  alter table ${table} add column committed_at integer;
  create unique index ${table}_by_seq on ${table} (seq) where seq is not null;
  alter table tombstones add column seq integer;
  alter table tombstones add column committed_at integer;
  alter table tombstones add column written_at integer not null default 0;
  update tombstones set written_at = cast(1000 * unixepoch('subsec') as integer);
  create unique index tombstones_by_seq on tombstones (seq) where seq is not null;
  create index tombstones_by_written_at on tombstones (written_at);
  create table feed (
    id integer primary key check (id = 1), next_seq integer not null, purged_seq integer not null
  ) strict;
  insert into feed (id, next_seq, purged_seq) values (1, 1, 0);
`;
