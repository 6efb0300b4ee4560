import { completer, type ListRequest, type UpsertOutcome } from '#contracts';
import { numberOf, type SqliteDatabase, SqliteStore, textOf } from '#database';
import { assertInTime } from '#problem';
import { recordOf, type SqliteKind, type StoredRecord } from './kind.sqlite.js';
import { nameRange } from './name-range.js';
import type { NamedStore, RecordStore, Within } from './port.js';
import type { RecordOperations } from './record-writes.sqlite.js';

/** Opens the file of a kind of record. @throws CannotStart with one line when it never can */
export const openRecords = <R, W>(path: string, { table, migrations }: SqliteKind<R, W>) =>
  SqliteStore.open<RecordOperations<W>>(migrations, {
    path,
    module: new URL('./writes.sqlite.js', import.meta.url),
    data: table,
  });

/** One kind of record in SQLite: a row a record, written whole. */
export class SqliteRecords<R extends StoredRecord, W extends { id?: number }> implements RecordStore<R, W> {
  protected readonly db: SqliteDatabase;
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    private readonly store: SqliteStore<RecordOperations<W>>,
    protected readonly kind: SqliteKind<R, W>,
  ) {
    this.db = store.reader;
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

  upsert(rows: readonly W[], { deadline }: Within): Promise<UpsertOutcome[]> {
    return this.store.writer.run('upsert', rows, deadline);
  }

  async count({ deadline }: Within): Promise<number> {
    assertInTime(deadline);
    return numberOf(this.db.prepare('select records from store').get()?.records);
  }

  async ping({ deadline }: Within): Promise<void> {
    assertInTime(deadline);
    this.db.prepare('select 1 from store').get();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  protected readonly recordIn = (row: Record<string, unknown>): R => {
    const document: StoredRecord = JSON.parse(textOf(row['document']));
    return recordOf(document.id, this.completeDocument(document), document.version);
  };
}

/** Records that have a name. Their table has a column `folded` with an index on it and the id. */
export class SqliteNamedRecords<R extends StoredRecord, W extends { id?: number; name: string }>
  extends SqliteRecords<R, W>
  implements NamedStore<R, W>
{
  async list({ name, after, limit }: ListRequest, { deadline }: Within): Promise<R[]> {
    assertInTime(deadline);
    const sql =
      `select document from ${this.kind.table} where (folded, id) > (?, ?) and folded >= ? and folded < ? ` +
      'order by folded, id limit ?';
    return this.db
      .prepare(sql)
      .all(after?.name ?? '', after?.id ?? 0, ...nameRange(name), limit)
      .map(this.recordIn);
  }
}
