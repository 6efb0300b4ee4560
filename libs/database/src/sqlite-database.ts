import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type Clock, systemClock } from '#clock';
import { assertInTime, CannotStart, Fault, toFault } from '#problem';
import type { StoreIdentity } from './store-identity.js';

/** Page cache of the connection that reads: the upper levels of every index of 2 million concerts, and the hot leaves. */
const READING_CACHE_KIB = 98_304;
/** The same of the one that writes, which comes back to the same leaves in a bulk load. */
const WRITING_CACHE_KIB = 32_768;
/**
 * Pages in the write-ahead log before they are copied into the file: 64 MiB. A bulk load rewrites the same leaf pages in
 * one transaction after another; a longer log copies each once for many.
 */
const CHECKPOINT_PAGES = 16_384;
/** Another process may read the file or copy it; who waits for its lock waits for less than a call's deadline. */
const BUSY_TIMEOUT_MS = 1_000;
/** Statements kept prepared; the SQL of a store has a few dozen forms. */
const MAX_STATEMENTS = 256;

/** A file beside the stores while a restore moves them: until it is gone they are of two moments, or missing. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

/** The SQL that leads from one version of the schema to the next; the first makes it from nothing. */
export type Migrations = readonly string[];

/** The one row that tells of the whole store; the counters are for stores of records, others leave them as they are. */
const META = `
  create table store (
    id integer primary key check (id = 1), store_id text not null, next_id integer not null, records integer not null
  ) strict;
`;

/** What the work for one item came to. */
export type Outcome = { value: unknown } | { fault: Fault };

/** One connection to the file of an embedded store, which belongs to its service alone. */
export class SqliteDatabase {
  readonly identity: StoreIdentity;
  private readonly statements = new Map<string, StatementSync>();

  private constructor(
    private readonly db: DatabaseSync,
    /** By which what is written is dated. */
    readonly clock: Clock = systemClock,
  ) {
    const storeId = textOf(db.prepare('select store_id from store').get()?.store_id);
    this.identity = { store: 'sqlite', storeId, schemaVersion: schemaVersionOf(db) };
  }

  /**
   * Opens the file for reading; makes it when missing, and brings its schema up to date in one transaction.
   * @throws CannotStart with one line when the file is damaged, cannot be opened, or is from a newer version.
   */
  static open(path: string, migrations: Migrations): SqliteDatabase {
    return connect(path, READING_CACHE_KIB, (db) => {
      migrate(db, path, migrations);
      db.exec('pragma query_only = on');
      return new SqliteDatabase(db);
    });
  }

  /** Opens a file whose schema is up to date for writing. @throws CannotStart with one line when it cannot be opened */
  static openForWriting(path: string): SqliteDatabase {
    return connect(path, WRITING_CACHE_KIB, (db) => new SqliteDatabase(db));
  }

  /** One in memory, which this connection both reads and writes. @param storeId of a new store, or of a copy */
  static inMemory(content: Migrations | SqliteDatabase, { storeId, clock }: { storeId: string; clock: Clock }): SqliteDatabase {
    const db = new DatabaseSync(':memory:');
    if (content instanceof SqliteDatabase) db.deserialize(content.db.serialize());
    else migrate(db, 'in memory', content);
    db.prepare('update store set store_id = ?').run(storeId);
    return new SqliteDatabase(db, clock);
  }

  prepare(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known) return known;
    if (this.statements.size >= MAX_STATEMENTS) this.statements.clear();
    const statement = this.db.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }

  /**
   * The rows that a query finds.
   * @param deadline epoch milliseconds
   * @throws Fault Timeout when it has passed, Unavailable when the file cannot be read now or is closed
   */
  read(deadline: number, sql: string, ...values: SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.reading(deadline, () => this.prepare(sql).all(...values));
  }

  /** Reads by several statements. @throws Fault as `read` does */
  reading<T>(deadline: number, work: () => T): T {
    assertInTime(deadline);
    if (!this.db.isOpen) throw new Fault('Unavailable', 'the store is closed');
    try {
      return work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      throw new Fault('Unavailable', 'the store cannot be read now', { cause: error });
    }
  }

  /**
   * Does the work for several items in one transaction, but for each by itself: where it throws it has written nothing,
   * and disturbs no other. What was written is on disk when this returns; when that cannot be, nothing is written and
   * every item comes to Unavailable.
   * @returns the items, in their order, each with what it came to
   */
  commitTogether<Item>(items: readonly Item[], work: (item: Item) => unknown): (readonly [Item, Outcome])[] {
    try {
      this.db.exec('begin immediate');
      const outcomes = items.map((item) => [item, this.outcomeOf(() => work(item))] as const);
      this.db.exec('commit');
      return outcomes;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('rollback');
      return items.map((item) => [item, { fault: unavailable(error) }]);
    }
  }

  close(): void {
    this.statements.clear();
    if (this.db.isOpen) this.db.close();
  }

  /** @throws when there is no transaction any more: SQLite itself ends it upon some errors */
  private outcomeOf(work: () => unknown): Outcome {
    this.db.exec('savepoint work');
    try {
      const outcome = { value: work() };
      this.db.exec('release work');
      return outcome;
    } catch (error) {
      if (!this.db.isTransaction) throw error;
      this.db.exec('rollback to work; release work');
      return { fault: isPassing(error) ? unavailable(error) : toFault(error) };
    }
  }
}

// Primary result codes of https://www.sqlite.org/rescode.html
const PASSING_CODES: ReadonlySet<number | undefined> = new Set([
  5, // SQLITE_BUSY: another process holds the lock
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  13, // SQLITE_FULL: the disk is full
  14, // SQLITE_CANTOPEN: the log of the writes, beside the file
]);
/** The bits of a result code that are the primary one. */
const PRIMARY_CODE = 0xff;

/** The primary result code of an error of SQLite, such as 5 (SQLITE_BUSY); nothing when it is another error. */
export function resultCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & PRIMARY_CODE : undefined;
}

/** A trouble of the disk or with another process, which may be over when the call is tried again. */
const isPassing = (error: unknown): boolean => PASSING_CODES.has(resultCodeOf(error));

const unavailable = (cause: unknown): Fault => new Fault('Unavailable', 'the store cannot be written now', { cause });

function connect(path: string, cacheKib: number, make: (db: DatabaseSync) => SqliteDatabase): SqliteDatabase {
  const unfinished = join(dirname(path), UNFINISHED_RESTORE);
  if (existsSync(unfinished))
    throw new CannotStart(
      `${path} is not opened, as a restore did not end: run it again; ${unfinished} says where the stores of before are`,
    );
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    db.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma cache_size = -${cacheKib};
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
      pragma temp_store = memory;
    `);
    return make(db);
  } catch (error) {
    if (db?.isOpen) db.close();
    if (error instanceof CannotStart) throw error;
    throw new CannotStart(`the store ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function migrate(db: DatabaseSync, path: string, migrations: Migrations): void {
  // Two processes that open a new file together must not both find it empty.
  db.exec('begin immediate');
  const present = schemaVersionOf(db);
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
}

const schemaVersionOf = (db: DatabaseSync): number => numberOf(db.prepare('pragma user_version').get()?.user_version);

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
