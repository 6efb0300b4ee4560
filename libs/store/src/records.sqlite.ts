import type { SQLInputValue } from 'node:sqlite';
import type { TObject } from 'typebox';
import { completer, type ListRequest, MAX_ID, type UpsertOutcome } from '#contracts';
import { numberOf, type SqliteDatabase, textOf } from '#database';
import { assertInTime, Fault } from '#problem';
import { nameRange } from './name-range.js';
import type { NamedStore, RecordStore, Within } from './port.js';
import { idOf, largestId, type PlannedRecord, type PlannedRow, planUpsert } from './upsert-plan.js';

interface StoredRecord {
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
  record: TObject;
  /** The fields of the record that a row stands for, without id and version. */
  complete(row: W): Record<string, unknown>;
  /** The columns of the natural key; none for a kind without. */
  key?(row: W | R): Record<string, string | number>;
  /** The other columns that indexes need. */
  indexed(record: R): Record<string, SQLInputValue>;
  /** Writes what else must go with the record, in the same transaction. */
  alsoWrite?(record: R): void;
}

/** A row with what finds it in the table. */
interface KeyedRow extends PlannedRow {
  keyColumns: Record<string, string | number> | undefined;
}

/** One kind of record in SQLite: a row a record, written whole. */
export class SqliteRecords<R extends StoredRecord, W extends { id?: number }> implements RecordStore<R, W> {
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    protected readonly db: SqliteDatabase,
    private readonly kind: SqliteKind<R, W>,
  ) {
    this.completeDocument = completer(kind.record);
  }

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
    const keyed = rows.map((row): KeyedRow => {
      const keyColumns = this.kind.key?.(row);
      return { id: row.id, key: keyColumns && textKey(keyColumns), keyColumns, fields: this.kind.complete(row) };
    });
    return this.db.transaction(() => {
      const outcomes: UpsertOutcome[] = [];
      while (outcomes.length < keyed.length) outcomes.push(...this.upsertPlanned(keyed.slice(outcomes.length), largestId(keyed)));
      return outcomes;
    });
  }

  async count({ deadline }: Within): Promise<number> {
    assertInTime(deadline);
    return numberOf(this.db.prepare('select records from store').get()?.records);
  }

  async ping({ deadline }: Within): Promise<void> {
    assertInTime(deadline);
    this.db.prepare('select 1 from store').get();
  }

  async close(): Promise<void> {
    this.db.close();
  }

  /** Only this store writes the table, and `completer` gives every field of the schema: what it makes is an R. */
  protected readonly recordIn = (row: Record<string, unknown>): R => {
    const document: StoredRecord = JSON.parse(textOf(row['document']));
    return this.recordOf(document.id, this.completeDocument(document), document.version);
  };

  private recordOf(id: number, fields: Readonly<Record<string, unknown>>, version: number): R {
    return { id, ...fields, version } as unknown as R;
  }

  /** Writes as many of the rows as one plan covers. */
  private upsertPlanned(rows: readonly KeyedRow[], largestGiven: number): UpsertOutcome[] {
    const plan = planUpsert(rows, this.storedFor(rows));
    this.giveIds(plan.writes, largestGiven);
    for (const record of plan.writes) this.write(record);
    return plan.outcomes.map(({ record, outcome, keyHolder }) => {
      return { id: idOf(record), outcome, ...(keyHolder && { keyHolder: idOf(keyHolder) }) };
    });
  }

  private storedFor(rows: readonly KeyedRow[]): PlannedRecord[] {
    const { table, key } = this.kind;
    const columns = key ? 'document, twin' : 'document';
    const ids = rows.map(({ id }) => id).filter((id) => id !== undefined);
    const byId = this.db.prepare(`select ${columns} from ${table} where id in (select value from json_each(?))`);
    const found = ids.length > 0 ? byId.all(JSON.stringify(ids)) : [];
    for (const { keyColumns = {} } of rows) {
      const names = Object.keys(keyColumns);
      if (names.length === 0) continue;
      const where = names.map((name) => `${name} = ?`).join(' and ');
      const holder = this.db.prepare(`select ${columns} from ${table} where ${where} order by twin limit 1`);
      found.push(...holder.all(...Object.values(keyColumns)));
    }
    const records = found.map((row) => this.plannedIn(row));
    return [...new Map(records.map((record) => [record.id, record])).values()];
  }

  private plannedIn(row: Record<string, unknown>): PlannedRecord {
    const { id, version, ...document }: StoredRecord = JSON.parse(textOf(row['document']));
    const fields = this.completeDocument(document);
    const keyColumns = this.kind.key?.(this.recordOf(id, fields, version));
    const twin = keyColumns !== undefined && row['twin'] !== 0;
    return { id, key: keyColumns && textKey(keyColumns), fields, version, twin, stored: true };
  }

  /** New ids were never given before, and are above every id that comes with a row. */
  private giveIds(writes: readonly PlannedRecord[], largestGiven: number): void {
    const created = writes.filter(({ stored }) => !stored);
    if (created.length === 0) return;
    const without = created.filter(({ id }) => id === undefined);
    const { next_id } = this.db.prepare('select next_id from store').get() ?? {};
    const first = Math.max(numberOf(next_id), largestGiven + 1);
    const next = first + without.length;
    if (without.length > 0 && next - 1 > MAX_ID)
      throw new Fault('Conflict', `no ids are left: one with the largest, ${MAX_ID}, is stored`);
    for (const [index, record] of without.entries()) record.id = first + index;
    this.db.prepare('update store set next_id = ?, records = records + ?').run(next, created.length);
  }

  private write(planned: PlannedRecord): void {
    const id = idOf(planned);
    const record = this.recordOf(id, planned.fields, planned.version);
    const key = this.kind.key?.(record);
    const columns = { ...(key && { ...key, twin: planned.twin ? id : 0 }), ...this.kind.indexed(record) };
    const names = Object.keys(columns);
    const sql =
      `insert into ${this.kind.table} (id, document, ${names.join(', ')}) values (?, ?${', ?'.repeat(names.length)}) ` +
      `on conflict (id) do update set document = excluded.document, ` +
      names.map((name) => `${name} = excluded.${name}`).join(', ');
    this.db.prepare(sql).run(id, JSON.stringify(record), ...Object.values(columns));
    this.kind.alsoWrite?.(record);
  }
}

/** A natural key as one text. */
const textKey = (columns: Record<string, string | number>): string => Object.values(columns).join('|');

/** Records that have a name. Their table has a column `folded` with an index on it and the id. */
export class SqliteNamedRecords<R extends StoredRecord, W extends { id?: number; name: string }>
  extends SqliteRecords<R, W>
  implements NamedStore<R, W>
{
  private readonly table: string;

  constructor(db: SqliteDatabase, kind: SqliteKind<R, W>) {
    super(db, kind);
    this.table = kind.table;
  }

  async list({ name, after, limit }: ListRequest, { deadline }: Within): Promise<R[]> {
    assertInTime(deadline);
    const sql =
      `select document from ${this.table} where (folded, id) > (?, ?) and folded >= ? and folded < ? ` +
      'order by folded, id limit ?';
    return this.db
      .prepare(sql)
      .all(after?.name ?? '', after?.id ?? 0, ...nameRange(name), limit)
      .map(this.recordIn);
  }
}
