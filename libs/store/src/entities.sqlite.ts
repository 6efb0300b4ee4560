import type { SQLOutputValue } from 'node:sqlite';
import { completer, MAX_ID } from '#contracts';
import { numberOf, type SqliteDatabase, textOf } from '#database';
import { countWithoutId, giveIds } from './ids.js';
import { recordOf, type StoredRecord } from './kind.js';
import type { SqliteKind } from './kind.sqlite.js';
import { type Draft, type Entity, isPlain, PINNED } from './participant.js';
import type { Target } from './steps.js';

type Row = Record<string, SQLOutputValue>;

/** Reads and writes what sagas know of one kind of record, inside the transaction of its caller. */
export class SqliteEntities<R extends V, V> {
  private readonly completeDocument: (document: object) => Record<string, unknown>;
  private readonly live: string;

  constructor(
    private readonly db: SqliteDatabase,
    private readonly kind: SqliteKind<R, V>,
  ) {
    this.completeDocument = completer(kind.record);
    this.live = `select document, ${kind.key ? '' : 'key, '}twin, saga from ${kind.name}`;
  }

  /** By a key there are two at most: the first live one may be a twin, behind a deleted one that keeps the key. */
  find(of: Target): Entity[] {
    if ('id' in of) return this.byIds([of.id]);
    const deleted = this.db.prepare('select * from tombstones where key = ? and twin = 0').all(of.key);
    return [...this.firstOf(of.key), ...deleted.map(deletedIn)];
  }

  byIds(ids: readonly number[]): Entity[] {
    if (ids.length === 0) return [];
    const json = JSON.stringify(ids);
    const among = 'where id in (select value from json_each(?))';
    return [...this.liveWhere(among, json), ...this.db.prepare(`select * from tombstones ${among}`).all(json).map(deletedIn)];
  }

  /** Of each key the live one that came first, and the deleted one that keeps it. */
  byKeys(keys: readonly string[]): Entity[] {
    if (keys.length === 0) return [];
    const deleted = 'select * from tombstones where key in (select value from json_each(?)) and twin = 0';
    return [...keys.flatMap((key) => this.firstOf(key)), ...this.db.prepare(deleted).all(JSON.stringify(keys)).map(deletedIn)];
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
    let more = 0;
    for (const entity of entities) {
      const was = before.get(entity.id);
      const wasLive = was !== undefined && !was.saga.deleted;
      if (entity.saga.deleted) this.writeDeleted(entity, wasLive);
      else this.writeLive(entity, was?.saga.deleted === true);
      more += Number(!entity.saga.deleted) - Number(wasLive);
    }
    if (more !== 0) this.db.prepare('update store set records = records + ?').run(more);
  }

  private writeLive({ id, key, twin, version, fields, saga }: Entity, wasDeleted: boolean): void {
    if (wasDeleted) this.db.prepare('delete from tombstones where id = ?').run(id);
    const record = recordOf<R>(id, fields, version);
    const columns = {
      ...this.kind.keyColumns(key),
      twin: twin ? id : 0,
      saga: isPlain(saga) ? null : JSON.stringify(saga),
      ...this.kind.indexed(record),
    };
    const names = Object.keys(columns);
    const sql =
      `insert into ${this.kind.name} (id, document, ${names.join(', ')}) values (?, ?${', ?'.repeat(names.length)}) ` +
      `on conflict (id) do update set document = excluded.document, ` +
      names.map((name) => `${name} = excluded.${name}`).join(', ');
    this.db.prepare(sql).run(id, JSON.stringify(record), ...Object.values(columns));
    this.kind.alsoWrite?.(this.db, record);
  }

  private writeDeleted({ id, key = null, twin, version, saga }: Omit<Entity, 'key'> & { key?: string | null }, wasLive: boolean) {
    if (wasLive) {
      this.db.prepare(`delete from ${this.kind.name} where id = ?`).run(id);
      this.kind.alsoRemove?.(this.db, id);
    }
    const sql =
      'insert into tombstones (id, key, twin, version, saga) values (?, ?, ?, ?, ?) ' +
      'on conflict (id) do update set key = excluded.key, twin = excluded.twin, version = excluded.version, saga = excluded.saga';
    this.db.prepare(sql).run(id, key, twin ? id : 0, version, JSON.stringify(saga));
  }

  private firstOf(key: string): Entity[] {
    const columns = this.kind.keyColumns(key);
    const where = Object.keys(columns).map((name) => `${name} = ?`);
    return this.db
      .prepare(`${this.live} where ${where.join(' and ')} order by twin limit 1`)
      .all(...Object.values(columns))
      .map((row) => this.entityIn(row));
  }

  private entityIn({ document, key: stepKey, twin, saga }: Row): Entity {
    const { id, version, ...rest }: StoredRecord = JSON.parse(textOf(document));
    const fields = this.completeDocument(rest);
    const key = this.kind.key?.(recordOf<R>(id, fields, version)) ?? (stepKey == null ? undefined : textOf(stepKey));
    return { id, key, twin: twin !== 0, version, fields, saga: saga === null ? PINNED : JSON.parse(textOf(saga)) };
  }
}

const deletedIn = ({ id, key, twin, version, saga }: Row): Entity => ({
  id: numberOf(id),
  key: key === null ? undefined : textOf(key),
  twin: twin !== 0,
  version: numberOf(version),
  fields: {},
  saga: JSON.parse(textOf(saga)),
});
