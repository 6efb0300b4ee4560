import { type Change, type Changes, type ChangesRequest, MAX_IDS_PER_CALL, type ScanRequest } from '#contracts';
import { numberOf, type SqliteStore } from '#database';
import { Fault } from '#problem';
import { cursorOf, expired, placeIn, unreadable } from './feed-cursor.js';
import type { Feed, Purge, Within } from './port.js';
import type { RecordOperations } from './record-writes.sqlite.js';
import { Waiters } from './waiters.js';

type Row = Record<string, unknown>;

/**
 * The feed of a SQLite store: each record and tombstone is in it once, at the place of its newest version. So a place
 * is lost only when something behind it was purged.
 */
export class SqliteFeed<R> implements Feed<R> {
  private readonly waiters: Waiters;
  private readonly storeId: string;
  private readonly after: string;
  private readonly byId: string;
  private readonly amongIds: string;

  /** @param recordIn the record of a row of its table */
  constructor(
    private readonly store: Pick<SqliteStore<Pick<RecordOperations<never>, 'purge'>>, 'reader' | 'writer'>,
    table: string,
    private readonly recordIn: (row: Row) => R,
    private readonly tombstoneRetentionMs: number,
  ) {
    this.storeId = store.reader.identity.storeId;
    this.waiters = new Waiters(undefined, store.reader.clock);
    // Each half is read from an index in its order, and the two are merged.
    const both = (condition: string) =>
      `select id, seq, committed_at, document, document ->> 'version' as version from ${table} where ${condition} union all ` +
      `select id, seq, committed_at, null, version from tombstones where ${condition} and version > 0`;
    this.after = `${both('seq > ?1')} order by seq limit ?2`;
    this.byId = `${both('id > ?1')} order by id limit ?2`;
    this.amongIds = `${both('id in (select value from json_each(?1))')} order by id limit ?2`;
    store.writer.onAnswers(() => this.waiters.wake());
  }

  changes({ limit, ...request }: ChangesRequest, within: Within): Promise<Changes<R>> {
    return this.waiters.look(request, within, (after) => this.changesAfter(after, limit, within));
  }

  async head(_: object, { deadline }: Within) {
    const [feed] = this.store.reader.read(deadline, 'select next_seq from feed');
    const { storeId, tombstoneRetentionMs } = this;
    return { cursor: this.cursorAt(numberOf(feed?.['next_seq']) - 1), storeId, tombstoneRetentionMs };
  }

  async scan({ afterId = 0, limit }: ScanRequest, { deadline }: Within) {
    const rows = this.store.reader.read(deadline, this.byId, afterId, limit);
    return { items: rows.map(this.changeIn), storeId: this.storeId };
  }

  async states({ ids }: { ids: readonly number[] }, { deadline }: Within) {
    const rows = this.store.reader.read(deadline, this.amongIds, JSON.stringify(ids), MAX_IDS_PER_CALL);
    return { items: rows.map(this.changeIn), storeId: this.storeId };
  }

  purgeTombstones(purge: Purge, { deadline }: Within): Promise<number> {
    return this.store.writer.run('purge', purge, deadline);
  }

  endWaits(): void {
    this.waiters.end();
  }

  private changesAfter(cursor: string, limit: number, { deadline }: Within): Changes<R> {
    const place = placeIn(cursor, this.storeId);
    if (!('seq' in place) || !Number.isSafeInteger(place.seq)) throw unreadable();
    const seq = numberOf(place.seq);
    return this.store.reader.reading(deadline, () => {
      const rows = this.store.reader.prepare(this.after).all(seq, limit);
      // Behind the rows: what is purged after they were read takes nothing from them.
      const feed = this.store.reader.prepare('select next_seq, purged_seq from feed').get();
      // Numbers are given out once, so that an older copy of the file has been put back.
      if (seq >= numberOf(feed?.next_seq)) throw new Fault('StoreWentBack', 'this place is beyond the end of the feed');
      if (seq < numberOf(feed?.purged_seq)) throw expired('what was deleted since then has been purged');
      const last = rows.at(-1);
      return {
        items: rows.map(this.changeIn),
        cursor: last ? this.cursorAt(numberOf(last['seq'])) : cursor,
        isAtEnd: rows.length < limit,
        storeId: this.storeId,
      };
    });
  }

  private cursorAt(seq: number): string {
    return cursorOf(this.storeId, { seq });
  }

  private readonly changeIn = (row: Row): Change<R> => {
    const document = row['document'] === null ? null : this.recordIn(row);
    return {
      id: numberOf(row['id']),
      version: numberOf(row['version']),
      deleted: document === null,
      document,
      committedAt: row['committed_at'] === null ? null : numberOf(row['committed_at']),
    };
  };
}
