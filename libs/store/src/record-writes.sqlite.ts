import { completer, MAX_ID, type UpsertOutcome } from '#contracts';
import { numberOf, type SqliteDatabase, textOf } from '#database';
import { Fault } from '#problem';
import { recordOf, type SqliteKind, type StoredRecord } from './kind.sqlite.js';
import { idOf, largestId, type PlannedRecord, type PlannedRow, planUpsert } from './upsert-plan.js';

/** What the thread that writes a kind of record is asked for. */
export type RecordOperations<W> = {
  upsert(rows: readonly W[]): UpsertOutcome[];
};

export function recordOperations<R extends StoredRecord, W extends { id?: number }>(
  db: SqliteDatabase,
  kind: SqliteKind<R, W>,
): RecordOperations<W> {
  const writes = new SqliteRecordWrites(db, kind);
  return {
    upsert: (rows) => writes.upsert(rows),
  };
}

/** A row with what finds it in the table. */
interface KeyedRow extends PlannedRow {
  keyColumns: Record<string, string | number> | undefined;
}

/** Writes one kind of record, each whole, inside the transaction of its caller. */
class SqliteRecordWrites<R extends StoredRecord, W extends { id?: number }> {
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    private readonly db: SqliteDatabase,
    private readonly kind: SqliteKind<R, W>,
  ) {
    this.completeDocument = completer(kind.record);
  }

  upsert(rows: readonly W[]): UpsertOutcome[] {
    const keyed = rows.map((row): KeyedRow => {
      const keyColumns = this.kind.key?.(row);
      return { id: row.id, key: keyColumns && textKey(keyColumns), keyColumns, fields: this.kind.complete(row) };
    });
    const largestGiven = largestId(keyed);
    const outcomes: UpsertOutcome[] = [];
    while (outcomes.length < keyed.length) outcomes.push(...this.upsertPlanned(keyed.slice(outcomes.length), largestGiven));
    return outcomes;
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
    const keyColumns = this.kind.key?.(recordOf<R>(id, fields, version));
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
    const record = recordOf<R>(id, planned.fields, planned.version);
    const key = this.kind.key?.(record);
    const columns = { ...(key && { ...key, twin: planned.twin ? id : 0 }), ...this.kind.indexed(record) };
    const names = Object.keys(columns);
    const sql =
      `insert into ${this.kind.table} (id, document, ${names.join(', ')}) values (?, ?${', ?'.repeat(names.length)}) ` +
      `on conflict (id) do update set document = excluded.document, ` +
      names.map((name) => `${name} = excluded.${name}`).join(', ');
    this.db.prepare(sql).run(id, JSON.stringify(record), ...Object.values(columns));
    this.kind.alsoWrite?.(this.db, record);
  }
}

/** A natural key as one text. */
const textKey = (columns: Record<string, string | number>): string => Object.values(columns).join('|');
