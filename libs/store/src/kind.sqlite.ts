import type { SQLInputValue } from 'node:sqlite';
import type { Migrations, SqliteDatabase } from '#database';
import type { Kind } from './kind.js';

/**
 * How one kind of record lies in the table of its name: beside `id`, `document` (the whole record as JSON) and `saga`
 * (what sagas know of it; null for what an import wrote), the columns that indexes need. `twin` is 0 for the holder of a
 * key and its own id for any other record that has the same, so that a unique index can hold both. What was deleted is in
 * the table `tombstones`, where no reading comes across it.
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
