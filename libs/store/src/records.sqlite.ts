import type { SQLInputValue } from 'node:sqlite';
import { folded, type ListRequest, MAX_ID, type UpsertOutcome } from '#contracts';
import { assertInTime, Fault } from '#problem';
import type { NamedStore, RecordStore, Within } from './port.js';
import { numberOf, type SqliteDatabase, textOf } from './sqlite-database.js';

/** No version may pass this: the composed version of a joined concert would no longer be exact in a double. */
const MAX_VERSION = 2 ** 24;
/** Sorts after every name that begins as the text before it. */
const AFTER_EVERYTHING = '\u{10ffff}';

interface StoredRecord {
  id: number;
  version: number;
}

/**
 * How one kind of record lies in its table: beside `id`, `version` and `document` (the whole record as JSON), the
 * columns that indexes need. `twin` is 0 for the holder of the natural key and its own id for any other record that has
 * the same, so that a unique index can hold both.
 */
export interface SqliteKind<Row> {
  table: string;
  /** The fields of the record that a row stands for, without id and version. */
  complete(row: Row): Record<string, unknown>;
  /** Values of the indexed columns. */
  columns(row: Row): Record<string, SQLInputValue>;
  /** Names of those columns that make the natural key; none for a kind without. */
  key: readonly string[];
  /** Writes what else must go with the record, in the same transaction. */
  alsoWrite?(id: number, row: Row): void;
}

/** One kind of record in SQLite: a row a record, written whole. */
export class SqliteRecords<R extends StoredRecord, W extends { id?: number }> implements RecordStore<R, W> {
  constructor(
    protected readonly db: SqliteDatabase,
    private readonly kind: SqliteKind<W>,
  ) {}

  get identity() {
    return this.db.identity;
  }

  async byIds(ids: readonly number[], { deadline }: Within): Promise<R[]> {
    assertInTime(deadline);
    const sql = `select document from ${this.kind.table} where id in (select value from json_each(?)) order by id`;
    return this.db.prepare(sql).all(JSON.stringify(ids)).map(this.recordIn);
  }

  async upsert(rows: readonly W[], { deadline }: Within): Promise<UpsertOutcome[]> {
    assertInTime(deadline);
    return this.db.transaction(() => {
      const ids = new IdAllocator(this.db, this.kind.table);
      const outcomes = rows.map((row) => this.upsertRow(row, ids));
      ids.save();
      return outcomes;
    });
  }

  async count({ deadline }: Within): Promise<number> {
    assertInTime(deadline);
    return numberOf(this.db.prepare(`select count(*) as n from ${this.kind.table}`).get()?.n);
  }

  async ping({ deadline }: Within): Promise<void> {
    assertInTime(deadline);
    this.db.prepare('select 1 from store').get();
  }

  async close(): Promise<void> {
    this.db.close();
  }

  protected readonly recordIn = (row: Record<string, unknown>): R => JSON.parse(textOf(row.document));

  private upsertRow(row: W, ids: IdAllocator): UpsertOutcome {
    const columns = this.kind.columns(row);
    const fields = this.kind.complete(row);
    const holderId = this.holderOf(columns);
    const id = row.id ?? holderId;
    const stored = id === undefined ? undefined : this.documentOf(id);
    const held = holderId !== undefined && holderId !== id ? { keyHolder: holderId } : {};
    if (id === undefined || stored === undefined) {
      const newId = ids.take(id);
      this.write({ id: newId, ...fields, version: 1 }, { ...columns, twin: 'keyHolder' in held ? newId : 0 }, row);
      return { id: newId, outcome: 'created', ...held };
    }
    const before: R = JSON.parse(stored);
    if (JSON.stringify({ id, ...fields, version: before.version }) === stored) return { id, outcome: 'unchanged', ...held };
    if (before.version >= MAX_VERSION)
      throw new Fault('Conflict', `${this.kind.table} ${id} has reached the last version there can be`);
    this.write({ id, ...fields, version: before.version + 1 }, { ...columns, twin: 'keyHolder' in held ? id : 0 }, row);
    return { id, outcome: 'updated', ...held };
  }

  private holderOf(columns: Record<string, SQLInputValue>): number | undefined {
    if (this.kind.key.length === 0) return undefined;
    const where = this.kind.key.map((name) => `${name} = ?`).join(' and ');
    const values = this.kind.key.map((name) => columns[name] ?? null);
    const found = this.db.prepare(`select id from ${this.kind.table} where ${where} and twin = 0`).get(...values);
    return found === undefined ? undefined : numberOf(found.id);
  }

  private documentOf(id: number): string | undefined {
    const found = this.db.prepare(`select document from ${this.kind.table} where id = ?`).get(id);
    return found === undefined ? undefined : textOf(found.document);
  }

  private write(record: StoredRecord, columns: Record<string, SQLInputValue>, row: W): void {
    const names = Object.keys(columns);
    const sql =
      `insert into ${this.kind.table} (id, version, document, ${names.join(', ')}) values (?, ?, ?${', ?'.repeat(names.length)}) ` +
      `on conflict (id) do update set version = excluded.version, document = excluded.document, ` +
      names.map((name) => `${name} = excluded.${name}`).join(', ');
    this.db.prepare(sql).run(record.id, record.version, JSON.stringify(record), ...Object.values(columns));
    this.kind.alsoWrite?.(record.id, row);
  }
}

/** Records that have a name. Their table has a column `folded` with an index on it and the id. */
export class SqliteNamedRecords<R extends StoredRecord, W extends { id?: number; name: string }>
  extends SqliteRecords<R, W>
  implements NamedStore<R, W>
{
  private readonly table: string;

  constructor(db: SqliteDatabase, kind: SqliteKind<W>) {
    super(db, kind);
    this.table = kind.table;
  }

  async list({ name, after, limit }: ListRequest, { deadline }: Within): Promise<R[]> {
    assertInTime(deadline);
    const prefix = folded(name ?? '');
    const sql =
      `select document from ${this.table} where (folded, id) > (?, ?) and folded >= ? and folded < ? ` +
      'order by folded, id limit ?';
    return this.db
      .prepare(sql)
      .all(after?.name ?? '', after?.id ?? 0, prefix, prefix + AFTER_EVERYTHING, limit)
      .map(this.recordIn);
  }
}

/** Gives new ids in one transaction: never one that was given before, and above every id that came with its row. */
class IdAllocator {
  private readonly first: number;
  private next: number;

  constructor(
    private readonly db: SqliteDatabase,
    private readonly table: string,
  ) {
    this.first = numberOf(db.prepare('select next_id from store').get()?.next_id);
    this.next = this.first;
  }

  take(given: number | undefined): number {
    const id = given ?? this.next;
    if (id > MAX_ID) throw new Fault('Conflict', `${this.table} has no ids left: one with the largest, ${MAX_ID}, is stored`);
    this.next = Math.max(this.next, id + 1);
    return id;
  }

  save(): void {
    if (this.next !== this.first) this.db.prepare('update store set next_id = ?').run(this.next);
  }
}
