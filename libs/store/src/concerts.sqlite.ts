import type { SQLOutputValue, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import TinyQueue from 'tinyqueue';
import {
  type Concert,
  type ConcertStatus,
  type ConcertValue,
  concertStatuses,
  type concertSteps,
  type DateKey,
  type FindConcerts,
  type RequestOf,
} from '#contracts';
import { numberOf, type SqliteDatabase, textOf } from '#database';
import { assertInTime } from '#problem';
import { assertAtMost, countLimit } from './concerts-of.js';
import { countReferring, type DeleteOperation } from './concerts-of.sqlite.js';
import {
  type Block,
  beyond,
  type ConcertIndex,
  compareKeys,
  type Dimension,
  type Filter,
  findPage,
  isMoved,
  type Slice,
  type StatusClass,
} from './find-concerts.js';
import { feedMigration, type SqliteKind, sagaMigration } from './kind.sqlite.js';
import { concertKind } from './kinds.js';
import type { ConcertSteps, ConcertStore, Within } from './port.js';
import type { RecordOperations } from './record-writes.sqlite.js';
import { openRecords, SqliteRecords } from './records.sqlite.js';

// Each way to read has an index in the order (date, id) behind what it is read by, with the ids that filters need, so
// that a reading touches no row. `moved` concerts are few: their indexes are partial and cost an ordinary write nothing.
const MIGRATIONS = [
  `
  create table concerts (
    id integer primary key, twin integer not null,
    band_id integer not null, venue_id integer not null, event_id integer, date integer not null,
    status integer not null, cancelled integer not null, document text not null
  ) strict;
  create unique index concerts_key on concerts (band_id, venue_id, date, twin);
  create index concerts_by_date on concerts (cancelled, date, id, venue_id);
  create index concerts_by_band_id on concerts (band_id, cancelled, date, id, venue_id);
  create index concerts_by_venue_id on concerts (venue_id, cancelled, date, id, band_id);
  create index concerts_by_event_id on concerts (event_id, cancelled, date, id) where event_id is not null;
  create index concerts_moved_by_date on concerts (status, date, id, venue_id) where status in (1, 2);
  create index concerts_moved_by_band_id on concerts (band_id, status, date, id) where status in (1, 2);
  create index concerts_moved_by_venue_id on concerts (venue_id, status, date, id) where status in (1, 2);
  create index concerts_moved_by_event_id on concerts (event_id, status, date, id) where status in (1, 2);
  `,
  sagaMigration('concerts'),
  feedMigration('concerts'),
];

/** Entries of the first block of a scan with a filter: few enough that stopping early wastes little. */
const SCAN_BLOCK = 256;
/** Entries of one run read at a time, at least: fetching costs as much as fifteen of them. */
const MIN_RUN_BLOCK = 4;
/** The same, at most. */
const MAX_RUN_BLOCK = 1_024;
/** Entries looked at before other calls are let in: a few milliseconds. */
const SYNCHRONOUS_ENTRIES = 4_096;
/** Entries merged into one block: enough that handing over a block costs little beside them. */
const MERGED_BLOCK = 256;

const columnOf = {
  bandId: 'band_id',
  venueId: 'venue_id',
  eventId: 'event_id',
  status: 'status',
} as const;
const statusCode = (status: ConcertStatus): number => concertStatuses.indexOf(status);

const classCondition: Record<StatusClass, string> = {
  live: 'cancelled = 0',
  cancelled: 'cancelled = 1',
  // The second term repeats the condition of the partial index, or SQLite would not use it.
  rescheduled: `status = ${statusCode('rescheduled')} and status in (1, 2)`,
  postponed: `status = ${statusCode('postponed')} and status in (1, 2)`,
};

export const sqliteConcerts: SqliteKind<Concert, ConcertValue> = {
  ...concertKind,
  migrations: MIGRATIONS,
  keyColumns: (key = '') => {
    const [bandId = 0, venueId = 0, date = 0] = key.split('|').map(Number);
    return { band_id: bandId, venue_id: venueId, date };
  },
  indexed: ({ eventId, status }) => ({
    event_id: eventId,
    status: statusCode(status),
    cancelled: status === 'cancelled' ? 1 : 0,
  }),
};

type ConcertOperations = RecordOperations<ConcertValue> & DeleteOperation;

export const openSqliteConcerts = async (path: string, tombstoneRetentionMs: number): Promise<ConcertStore> =>
  new SqliteConcerts(
    await openRecords<Concert, ConcertValue, ConcertOperations>(path, sqliteConcerts),
    sqliteConcerts,
    tombstoneRetentionMs,
  );

export class SqliteConcerts
  extends SqliteRecords<Concert, ConcertValue, ConcertSteps, ConcertOperations>
  implements ConcertStore
{
  async find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }> {
    assertInTime(within.deadline);
    return findPage(new SqliteConcertIndex(this.db, within), request, within, (ids) => this.byIds(ids, within));
  }

  async countOf({ of, atMost }: RequestOf<typeof concertSteps.countOf>, { deadline }: Within) {
    const count = this.db.reading(deadline, () => countReferring(this.db, of, countLimit(atMost)));
    assertAtMost(count, atMost);
    return { count };
  }

  deleteOf(request: RequestOf<typeof concertSteps.deleteOf>, { deadline }: Within) {
    return this.store.writer.run('deleteOf', request, deadline);
  }
}

class SqliteConcertIndex implements ConcertIndex {
  // Measured: to find where a run begins costs 1.5 us, an entry after that 0.8 us.
  readonly runStartCost = 2;
  readonly fewVenues = 128;

  constructor(
    private readonly db: SqliteDatabase,
    private readonly within: Within,
  ) {}

  scan(slice: Slice): AsyncIterable<Block> {
    return this.merged({ index: 'date', columns: [], values: [] }, slice);
  }

  runs(dimension: Dimension, ids: readonly number[], slice: Slice): AsyncIterable<Block> {
    const column = columnOf[dimension];
    return this.merged({ index: column, columns: [column], values: ids.map((id) => [id]) }, slice);
  }

  pairs(bandIds: readonly number[], venueIds: readonly number[], slice: Slice): AsyncIterable<Block> {
    const values = bandIds.flatMap((bandId) => venueIds.map((venueId) => [bandId, venueId]));
    return this.merged({ index: 'key', columns: ['band_id', 'venue_id'], values }, slice);
  }

  async count(dimension: Dimension, ids: readonly number[], slice: Slice, atMost: number): Promise<number> {
    const column = columnOf[dimension];
    let total = 0;
    for (const statusClass of slice.classes) {
      const entries =
        `from concerts indexed by ${indexName(column, statusClass)} where ${column} = ? and ${classCondition[statusClass]} ` +
        'and (date, id) > (?, ?) and (date, id) < (?, ?)';
      const counting = this.db.prepare(`select count(*) as n from (select 1 ${entries} limit ?)`);
      const skipping = this.db.prepare(`select date, id ${entries} order by date, id limit 1 offset ${SYNCHRONOUS_ENTRIES - 1}`);
      let untilYield = SYNCHRONOUS_ENTRIES;
      for (const id of ids) {
        for (let rest: Slice | undefined = slice; rest && total < atMost; ) {
          const cap = Math.min(Math.ceil(atMost - total), SYNCHRONOUS_ENTRIES);
          const counted = numberOf(counting.get(id, ...boundsOf(rest), cap)?.n);
          total += counted;
          untilYield -= counted + 1;
          const last: Record<string, unknown> | undefined =
            counted === SYNCHRONOUS_ENTRIES ? skipping.get(id, ...boundsOf(rest)) : undefined;
          rest = last && { ...rest, lower: { date: numberOf(last['date']), id: numberOf(last['id']) } };
          if (untilYield > 0) continue;
          untilYield = SYNCHRONOUS_ENTRIES;
          await this.letOthersIn();
        }
      }
    }
    return total;
  }

  private async letOthersIn(): Promise<void> {
    await setImmediate();
    assertInTime(this.within.deadline);
  }

  /** Each pair is a run, and starting them is nearly all they cost. */
  async pairsCost(bandIds: readonly number[], venueIds: readonly number[]): Promise<{ cost: number; entries: number }> {
    return { cost: bandIds.length * venueIds.length * this.runStartCost, entries: 0 };
  }

  /** The runs as one, in order: a heap holds each run by the entry that it is at. */
  private async *merged(stretch: Stretch, slice: Slice): AsyncIterable<Block> {
    const { direction, wanted, budget } = slice;
    const sign = direction === 'ascending' ? 1 : -1;
    const runs: Run[] = [];
    for (const statusClass of slice.classes) runs.push(...(await this.runsOf(stretch, statusClass, slice)));
    const open = runs.filter((run) => run.current !== undefined);
    const queue = new TinyQueue<Run>(open, (a, b) => (a.current && b.current ? sign * compareKeys(a.current, b.current) : 0));
    // A run that turns out to be empty was looked at too.
    let read = slice.classes.length * Math.max(1, stretch.values.length);
    let left = budget - read;
    let taken = 0;
    let entries: DateKey[] = [];
    let last: DateKey | undefined;
    for (let run = queue.pop(); run?.current; run = queue.pop()) {
      if (run.isDrained && left <= 0 && last) return yield { entries, read, last };
      if (run.isDrained) {
        const fetched = run.fetch(Math.max(1, left));
        read += fetched;
        left -= fetched;
      } else {
        last = run.current;
        taken += 1;
        if (run.current.accepted) entries.push(last);
        run.advance();
      }
      if (run.current) queue.push(run);
      if (last && (taken >= MERGED_BLOCK || entries.length >= wanted)) {
        yield { entries, read, last };
        [entries, read, taken] = [[], 0, 0];
      }
    }
    yield { entries, read, last: undefined };
  }

  /**
   * The runs of one class that have anything in the slice. One statement finds where each begins, which is ten times
   * cheaper than to start them all: a page reads from few.
   */
  private async runsOf({ index, columns, values }: Stretch, statusClass: StatusClass, slice: Slice): Promise<Run[]> {
    const from = `from concerts indexed by ${indexName(index, statusClass)} where`;
    const within = `${classCondition[statusClass]} and (date, id) > (?, ?) and (date, id) < (?, ?)`;
    const order = slice.direction === 'ascending' ? 'order by date, id' : 'order by date desc, id desc';
    const filtered = filterColumns.filter((name) => slice.filter[name] !== undefined);
    const selected = ['id', 'date', ...filtered.map((name) => columnOf[name])].join(', ');
    const own = columns.map((column) => `${column} = ? and `).join('');
    const statement = this.db.prepare(`select ${selected} ${from} ${own}${within} ${order} limit ?`);
    statement.setReturnArrays(true);
    const conditions = filtered.map((name, at) => conditionOf(slice.filter, name, at + KEY_COLUMNS));
    const reading = { statement, slice, accepts: (row: SQLOutputValue[]) => conditions.every((holds) => holds(row)) };
    const isFilteredScan = index === 'date' && filtered.length > 0;
    const block = isFilteredScan ? SCAN_BLOCK : firstBlock(slice.wanted, Math.max(1, values.length) * slice.classes.length);
    const [only = [], ...others] = values;
    if (others.length === 0) return [new Run(reading, only, block, slice.direction === 'ascending' ? slice.lower : slice.upper)];

    const asked = columns.map((column, at) => `${column} = asked.value ->> ${at} and `).join('');
    const heads = this.db.prepare(
      `select asked.key as at, (select date || ' ' || id ${from} ${asked}${within} ${order} limit 1) as head from json_each(?) as asked`,
    );
    const runs: Run[] = [];
    for (let start = 0; start < values.length; start += SYNCHRONOUS_ENTRIES) {
      if (start > 0) await this.letOthersIn();
      const part = values.slice(start, start + SYNCHRONOUS_ENTRIES);
      for (const { at, head } of heads.all(...boundsOf(slice), JSON.stringify(part))) {
        const some = part[numberOf(at)];
        if (head === null || some === undefined) continue;
        const [date = 0, id = 0] = textOf(head).split(' ').map(Number);
        runs.push(new Run(reading, some, block, { date, id }));
      }
    }
    return runs;
  }
}

/** The stretches of an index that have some values in its first columns; all of it when it has no such columns. */
interface Stretch {
  index: IndexName;
  columns: readonly string[];
  values: readonly (readonly number[])[];
}

/** What the runs of one class have in common. */
interface Reading {
  statement: StatementSync;
  slice: Slice;
  accepts(row: SQLOutputValue[]): boolean;
}

/** One stretch of one index, read in blocks. */
class Run {
  /** The entry that it is at; at first only its place is known. */
  current: RunEntry | undefined;
  private rows: SQLOutputValue[][] = [];
  private position = 0;
  private ended = false;
  private reached: DateKey | undefined;

  /**
   * @param values of the ids that it is read by
   * @param block entries of the first block; each further one is twice as long
   * @param head its first entry, or a place before it
   */
  constructor(
    private readonly reading: Reading,
    private readonly values: readonly number[],
    private block: number,
    head: DateKey,
  ) {
    this.current = { ...head, accepted: false };
  }

  /** Whether `current` is but a place, and what is there must be fetched. */
  get isDrained(): boolean {
    return this.position === this.rows.length;
  }

  /** Fetches a block and stands at its first entry. @returns how many entries it holds */
  fetch(limit: number): number {
    const { statement, slice } = this.reading;
    const size = Math.min(this.block, limit);
    const rest = this.reached ? beyond(slice, this.reached) : slice;
    const rows: unknown[] = statement.all(...this.values, ...boundsOf(rest), size);
    this.rows = rows.filter((row) => Array.isArray(row));
    this.position = 0;
    this.ended = this.rows.length < size;
    this.block = Math.min(2 * this.block, MAX_RUN_BLOCK);
    this.current = this.entryAt(0);
    return this.rows.length;
  }

  /** Goes to the next entry, or to the place behind the last that was fetched. */
  advance(): void {
    this.reached = this.current;
    this.position += 1;
    this.current = this.entryAt(this.position) ?? (this.ended ? undefined : this.current);
  }

  private entryAt(position: number): RunEntry | undefined {
    const row = this.rows[position];
    return row && { id: numberOf(row[0]), date: numberOf(row[1]), accepted: this.reading.accepts(row) };
  }
}

interface RunEntry extends DateKey {
  accepted: boolean;
}

/** The columns of a run's rows before those of its filter: id and date. */
const KEY_COLUMNS = 2;
const filterColumns = ['bandId', 'venueId', 'eventId', 'status'] as const;

function conditionOf(filter: Filter, name: (typeof filterColumns)[number], at: number): (row: SQLOutputValue[]) => boolean {
  if (name === 'status') {
    const code = filter.status && statusCode(filter.status);
    return (row) => row[at] === code;
  }
  const ids = filter[name];
  return (row) => typeof row[at] === 'number' && ids?.has(row[at]) === true;
}

/** A run that is read at all gives about its share of the page at first. */
const firstBlock = (wanted: number, runs: number) => Math.min(MAX_RUN_BLOCK, Math.max(MIN_RUN_BLOCK, Math.ceil(wanted / runs)));

const boundsOf = ({ lower, upper }: Slice) => [lower.date, lower.id, upper.date, upper.id];

type IndexName = 'date' | 'key' | (typeof columnOf)[Dimension];

const indexName = (column: IndexName, statusClass: StatusClass) =>
  column === 'key' ? 'concerts_key' : `concerts_${isMoved(statusClass) ? 'moved_' : ''}by_${column}`;
