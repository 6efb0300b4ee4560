import type { SQLInputValue } from 'node:sqlite';
import type { TObject } from 'typebox';
import type { Migrations, SqliteDatabase } from '#database';

export interface StoredRecord {
  id: number;
  version: number;
}

/**
 * How one kind of record lies in its table: beside `id` and `document` (the whole record as JSON), the columns that
 * indexes need. Where there is a natural key, `twin` is 0 for its holder and its own id for any other record that has the
 * same, so that a unique index can hold both.
 */
export interface SqliteKind<R, W> {
  table: string;
  migrations: Migrations;
  record: TObject;
  /** The fields of the record that a row stands for, without id and version. */
  complete(row: W): Record<string, unknown>;
  /** The columns of the natural key; none for a kind without. */
  key?(row: W | R): Record<string, string | number>;
  /** The other columns that indexes need. */
  indexed(record: R): Record<string, SQLInputValue>;
  /** Writes what else must go with the record, in the same transaction. */
  alsoWrite?(db: SqliteDatabase, record: R): void;
}

/** Of all fields with their defaults: only this store writes the table, so that what they make with an id is an R. */
export const recordOf = <R extends StoredRecord>(id: number, fields: Readonly<Record<string, unknown>>, version: number): R =>
  ({ id, ...fields, version }) as unknown as R;
