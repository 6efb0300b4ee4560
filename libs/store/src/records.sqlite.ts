import { type CallContract, completer, type ListRequest, type UpsertOutcome } from '#contracts';
import { numberOf, type SqliteDatabase, SqliteStore, textOf } from '#database';
import { faultFromWire } from '#problem';
import { SqliteEntities } from './entities.sqlite.js';
import { SqliteFeed } from './feed.sqlite.js';
import { recordOf, type StoredRecord } from './kind.js';
import type { SqliteKind } from './kind.sqlite.js';
import { nameRange } from './name-range.js';
import type { AnswersTo, Feed, NamedStore, RecordStore, Within } from './port.js';
import { decideOn, type RecordOperations } from './record-writes.sqlite.js';
import { participant, stepsOf } from './steps.js';

type Calls = Record<string, CallContract>;

/** Opens the file of a kind of record. @throws CannotStart with one line when it never can */
export const openRecords = <R extends V, V, Ops extends RecordOperations<V> = RecordOperations<V>>(
  path: string,
  { name, migrations }: SqliteKind<R, V>,
) => SqliteStore.open<Ops>(migrations, { path, module: new URL('./writes.sqlite.js', import.meta.url), data: name });

/** One kind of record in SQLite: a row a record, written whole. */
export class SqliteRecords<R extends V, V, C extends Calls, Ops extends RecordOperations<V> = RecordOperations<V>>
  implements RecordStore<R, V & { id?: number }, AnswersTo<C>>
{
  readonly steps: AnswersTo<C>;
  readonly feed: Feed<R>;
  protected readonly db: SqliteDatabase;
  private readonly completeDocument: (document: object) => Record<string, unknown>;

  constructor(
    protected readonly store: SqliteStore<Ops>,
    protected readonly kind: SqliteKind<R, V>,
    tombstoneRetentionMs: number,
  ) {
    this.db = store.reader;
    this.completeDocument = completer(kind.record);
    this.feed = new SqliteFeed(store, kind.name, this.recordIn, tombstoneRetentionMs);
    const entities = new SqliteEntities(this.db, kind);
    const steps = stepsOf(kind);
    this.steps = participant(async (name, request, { deadline }) => {
      const step = steps[name](request);
      if (step.readsOnly) return this.db.reading(deadline, () => decideOn(entities, step)).answer(0);
      const outcome = await store.writer.run('step', { name, request }, deadline);
      if ('refusal' in outcome) throw faultFromWire(outcome.refusal);
      return outcome.answer;
    });
  }

  get identity() {
    return this.db.identity;
  }

  async byIds(ids: readonly number[], { deadline }: Within): Promise<R[]> {
    const sql = `select document from ${this.kind.name} where id in (select value from json_each(?)) order by id`;
    return this.db.read(deadline, sql, JSON.stringify(ids)).map(this.recordIn);
  }

  upsert(rows: readonly (V & { id?: number })[], { deadline }: Within): Promise<UpsertOutcome[]> {
    return this.store.writer.run('upsert', rows, deadline);
  }

  async count({ deadline }: Within): Promise<number> {
    const [store] = this.db.read(deadline, 'select records from store');
    return numberOf(store?.['records']);
  }

  async ping({ deadline }: Within): Promise<void> {
    this.db.read(deadline, 'select 1 from store');
  }

  close(): Promise<void> {
    this.feed.endWaits();
    return this.store.close();
  }

  protected readonly recordIn = (row: Record<string, unknown>): R => {
    const document: StoredRecord = JSON.parse(textOf(row['document']));
    return recordOf(document.id, this.completeDocument(document), document.version);
  };
}

/** Records that have a name. Their table has a column `folded` with an index on it and the id. */
export class SqliteNamedRecords<R extends V, V, C extends Calls>
  extends SqliteRecords<R, V, C>
  implements NamedStore<R, V & { id?: number }, AnswersTo<C>>
{
  async list({ name, after, limit }: ListRequest, { deadline }: Within): Promise<R[]> {
    const sql =
      `select document from ${this.kind.name} where (folded, id) > (?, ?) and folded >= ? and folded < ? ` +
      'order by folded, id limit ?';
    return this.db.read(deadline, sql, after?.name ?? '', after?.id ?? 0, ...nameRange(name), limit).map(this.recordIn);
  }
}
