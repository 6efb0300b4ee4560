import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CannotStart, Fault } from '#problem';
import type { StoreIdentity } from './store-identity.js';

/** Page cache of a connection: the upper levels of every index of 2 million concerts, and the hot leaves. */
const CACHE_KIB = 131_072;
/**
 * Pages in the write-ahead log before they are copied into the file: 64 MiB. A bulk load rewrites the same leaf pages in
 * one transaction after another; a longer log copies each once for many.
 */
const CHECKPOINT_PAGES = 16_384;
/** Another process may read the file or copy it; a wait for its lock stops this one, so it ends within a call's deadline. */
const BUSY_TIMEOUT_MS = 1_000;
/** Statements kept prepared; the SQL of this store has a few dozen forms. */
const MAX_STATEMENTS = 256;

/** The SQL that leads from one version of the schema to the next; the first makes it from nothing. */
export type Migrations = readonly string[];

const META = `
  create table store (
    id integer primary key check (id = 1), store_id text not null, next_id integer not null, records integer not null
  ) strict;
`;

/** An embedded store: one file, opened by its service alone. */
export class SqliteDatabase {
  readonly identity: StoreIdentity;
  private readonly statements = new Map<string, StatementSync>();

  private constructor(
    private readonly db: DatabaseSync,
    storeId: string,
    schemaVersion: number,
  ) {
    this.identity = { store: 'sqlite', storeId, schemaVersion };
  }

  /**
   * Opens the file, makes it when missing, and brings its schema up to date in one transaction.
   * @throws CannotStart with one line when the file is damaged, cannot be opened, or is from a newer version.
   */
  static open(path: string, migrations: Migrations): SqliteDatabase {
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true });
      db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      db.exec(`
        pragma journal_mode = wal;
        pragma synchronous = full;
        pragma cache_size = -${CACHE_KIB};
        pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
        pragma temp_store = memory;
      `);
      const storeId = migrate(db, path, migrations);
      return new SqliteDatabase(db, storeId, migrations.length);
    } catch (error) {
      if (db?.isOpen) db.close();
      if (error instanceof CannotStart) throw error;
      throw new CannotStart(`the store ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  prepare(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known) return known;
    if (this.statements.size >= MAX_STATEMENTS) this.statements.clear();
    const statement = this.db.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }

  /** Everything that `work` writes is on disk when this returns, or none of it is written. */
  transaction<T>(work: () => T): T {
    try {
      this.db.exec('begin immediate');
      const result = work();
      this.db.exec('commit');
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('rollback');
      if (!isPassing(error)) throw error;
      throw new Fault('Unavailable', 'the store cannot be written now', undefined, { cause: error });
    }
  }

  close(): void {
    this.statements.clear();
    if (this.db.isOpen) this.db.close();
  }
}

// Primary result codes of https://www.sqlite.org/rescode.html
const PASSING_CODES = new Set([
  5, // SQLITE_BUSY: another process holds the lock
  10, // SQLITE_IOERR
  13, // SQLITE_FULL: the disk is full
]);
/** The bits of a result code that are the primary one. */
const PRIMARY_CODE = 0xff;

/** A trouble of the disk or with another process, which may be over when the call is tried again. */
const isPassing = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  PASSING_CODES.has(error.errcode & PRIMARY_CODE);

function migrate(db: DatabaseSync, path: string, migrations: Migrations): string {
  // Two processes that open a new file together must not both find it empty.
  db.exec('begin immediate');
  const present = numberOf(db.prepare('pragma user_version').get()?.user_version);
  if (present > migrations.length) {
    throw new CannotStart(
      `the store ${path} has schema version ${present}, made by a newer Backline; this one knows up to ${migrations.length}`,
    );
  }
  if (present === 0) {
    db.exec(META);
    db.prepare('insert into store (id, store_id, next_id, records) values (1, ?, 1, 0)').run(randomUUID());
  }
  for (const sql of migrations.slice(present)) db.exec(sql);
  if (present < migrations.length) db.exec(`pragma user_version = ${migrations.length}`);
  db.exec('commit');
  return textOf(db.prepare('select store_id from store').get()?.store_id);
}

/** What a column of numbers holds. */
export function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`a number was expected in the store, not ${typeof value}`);
  return value;
}

/** What a column of text holds. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`text was expected in the store, not ${typeof value}`);
  return value;
}
