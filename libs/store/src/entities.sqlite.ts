import type { SQLOutputValue } from 'node:sqlite';
import { completer, MAX_ID } from '#contracts';
import { numberOf, type SqliteDatabase, textOf } from '#database';
import { countWithoutId, giveIds } from './ids.js';
import { recordOf, type StoredRecord } from './kind.js';
import type { SqliteKind } from './kind.sqlite.js';
import { type Draft, type Entity, isPlain, PINNED } from './participant.js';
import type { Target } from './steps.js';

type Row = Record<string, SQLOutputValue>;

/** Where in the feed a version is; the columns of a row. */
type Place = { seq: number; committed_at: number };

/** Reads and writes what sagas know of one kind of record, inside the transaction of its caller. */
export class SqliteEntities<R extends V, V> {
  private readonly completeDocument: (document: object) => Record<string, unknown>;
  private readonly live: string;
  private readonly firstLive: string;
  /** The columns are the same for every record that changed, and for every other. */
  private readonly writing = new Map<boolean, string>();

  constructor(
    private readonly db: SqliteDatabase,
    private readonly kind: SqliteKind<R, V>,
  ) {
    this.completeDocument = completer(kind.record);
    this.live = `select document, ${kind.key ? '' : 'key, '}twin, saga from ${kind.name}`;
    const hasKey = Object.keys(kind.keyColumns(undefined)).map((name) => `${name} = ?`);
    this.firstLive = `${this.live} where ${hasKey.join(' and ')} order by twin limit 1`;
  }

  /** Epoch milliseconds, by the clock that what is written is dated by. */
  get now(): number {
    return this.db.clock.now();
  }

  /** By a key there are two at most: the first live one may be a twin, behind a deleted one that keeps the key. */
  find(of: Target): Entity[] {
    if ('id' in of) return this.byIds([of.id]);
    return this.byKeys([of.key]);
  }

  byIds(ids: readonly number[]): Entity[] {
    if (ids.length === 0) return [];
    return [...this.liveWhere(among('id'), JSON.stringify(ids)), ...this.deletedWhere(among('id'), ids)];
  }

  /** Of each key the live one that came first, and the deleted one that keeps it. */
  byKeys(keys: readonly string[]): Entity[] {
    return [...keys.flatMap((key) => this.firstOf(key)), ...this.deletedWhere(`${among('key')} and twin = 0`, keys)];
  }

  liveWhere(condition: string, ...values: (string | number)[]): Entity[] {
    return this.db
      .prepare(`${this.live} ${condition}`)
      .all(...values)
      .map((row) => this.entityIn(row));
  }

  /** Gives ids to those that lack one: never given before, and all above `above`. */
  withIds(writes: readonly Draft[], above = 0): Entity[] {
    const count = countWithoutId(writes);
    if (count === 0 && above === 0) return giveIds(writes, undefined);
    const { next_id } = this.db.prepare('select next_id from store').get() ?? {};
    const first = Math.max(numberOf(next_id), above + 1);
    if (first + count - 1 > MAX_ID) return giveIds(writes, undefined);
    if (first + count > numberOf(next_id)) this.db.prepare('update store set next_id = ?').run(first + count);
    return giveIds(writes, first);
  }

  /** @param found those of them that there were before */
  write(entities: readonly Entity[], found: readonly Entity[]): void {
    const before = new Map(found.map((entity) => [entity.id, entity]));
    const isChange = ({ id, version }: Entity) => version !== (before.get(id)?.version ?? 0);
    const committed_at = this.now;
    let seq = this.takeSeqs(entities.filter(isChange).length);
    let more = 0;
    for (const entity of entities) {
      const was = before.get(entity.id);
      const wasLive = was !== undefined && !was.saga.deleted;
      // Without another version, what is written keeps its place in the feed.
      const place = isChange(entity) ? { seq: seq++, committed_at } : undefined;
      if (entity.saga.deleted) this.writeDeleted(entity, place, wasLive);
      else this.writeLive(entity, place, was?.saga.deleted === true);
      more += Number(!entity.saga.deleted) - Number(wasLive);
    }
    if (more !== 0) this.db.prepare('update store set records = records + ?').run(more);
  }

  /** Takes so many places at the end of the feed. @returns the first */
  private takeSeqs(count: number): number {
    if (count === 0) return 0;
    const row = this.db.prepare('update feed set next_seq = next_seq + ? returning next_seq').get(count);
    return numberOf(row?.next_seq) - count;
  }

  private writeLive({ id, key, twin, version, fields, saga }: Entity, place: Place | undefined, wasDeleted: boolean): void {
    if (wasDeleted) this.db.prepare('delete from tombstones where id = ?').run(id);
    const record = recordOf<R>(id, fields, version);
    const columns = {
      ...this.kind.keyColumns(key),
      twin: twin ? id : 0,
      saga: isPlain(saga) ? null : JSON.stringify(saga),
      ...this.kind.indexed(record),
      ...place,
    };
    const isChange = place !== undefined;
    const writing = this.writing.get(isChange) ?? upsertSql(this.kind.name, ['document', ...Object.keys(columns)]);
    this.writing.set(isChange, writing);
    this.db.prepare(writing).run(id, JSON.stringify(record), ...Object.values(columns));
    this.kind.alsoWrite?.(this.db, record);
  }

  private writeDeleted({ id, key, twin, version, saga }: Entity, place: Place | undefined, wasLive: boolean): void {
    if (wasLive) {
      this.db.prepare(`delete from ${this.kind.name} where id = ?`).run(id);
      this.kind.alsoRemove?.(this.db, id);
    }
    const columns = [id, key ?? null, twin ? id : 0, version, JSON.stringify(saga), this.now];
    if (place) this.db.prepare(DELETING).run(...columns, place.seq, place.committed_at);
    else this.db.prepare(WRITING_DELETED).run(...columns);
  }

  private deletedWhere(condition: string, values: readonly (string | number)[]): Entity[] {
    // Most stores that an import fills never deleted anything.
    if (values.length === 0 || !this.db.prepare('select 1 from tombstones limit 1').get()) return [];
    return this.db.prepare(`select * from tombstones ${condition}`).all(JSON.stringify(values)).map(deletedIn);
  }

  private firstOf(key: string): Entity[] {
    const row = this.db.prepare(this.firstLive).get(...Object.values(this.kind.keyColumns(key)));
    return row ? [this.entityIn(row)] : [];
  }

  private entityIn({ document, key: stepKey, twin, saga }: Row): Entity {
    const { id, version, ...rest }: StoredRecord = JSON.parse(textOf(document));
    const fields = this.completeDocument(rest);
    const key = this.kind.key?.(recordOf<R>(id, fields, version)) ?? (stepKey == null ? undefined : textOf(stepKey));
    return { id, key, twin: twin !== 0, version, fields, saga: saga === null ? PINNED : JSON.parse(textOf(saga)) };
  }
}

const among = (column: string): string => `where ${column} in (select value from json_each(?))`;

const upsertSql = (table: string, columns: readonly string[]): string =>
  `insert into ${table} (id, ${columns.join(', ')}) values (?${', ?'.repeat(columns.length)}) ` +
  `on conflict (id) do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`;

const OF_DELETED = ['key', 'twin', 'version', 'saga', 'written_at'];
const WRITING_DELETED = upsertSql('tombstones', OF_DELETED);
const DELETING = upsertSql('tombstones', [...OF_DELETED, 'seq', 'committed_at']);

const deletedIn = ({ id, key, twin, version, saga }: Row): Entity => ({
  id: numberOf(id),
  key: key === null ? undefined : textOf(key),
  twin: twin !== 0,
  version: numberOf(version),
  fields: {},
  saga: JSON.parse(textOf(saga)),
});
