import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import TinyQueue from 'tinyqueue';
import {
  Concert,
  type ConcertRow,
  type ConcertStatus,
  completer,
  concertStatuses,
  type DateKey,
  type FindConcerts,
} from '#contracts';
import { assertInTime } from '#problem';
import {
  type Block,
  beyond,
  type ConcertIndex,
  compareKeys,
  type Dimension,
  type Filter,
  findConcerts,
  type Slice,
  type StatusClass,
} from './find-concerts.js';
import type { ConcertStore, Within } from './port.js';
import { SqliteRecords } from './records.sqlite.js';
import { numberOf, SqliteDatabase } from './sqlite-database.js';

// Each way to read has an index in the order (date, id) behind what it is read by, with the ids that filters need, so
// that a reading touches no row. `moved` concerts are few: their indexes are partial and cost an ordinary write nothing.
const MIGRATIONS = [
  `
  create table concerts (
    id integer primary key, version integer not null, twin integer not null,
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
];

/** Entries of a block of a scan: few enough that stopping early wastes little. */
const SCAN_BLOCK = 256;
/** Entries of one run read at a time, at most. */
const MAX_RUN_BLOCK = 1_024;
/** Entries merged into one block. */
const MERGED_BLOCK = 256;

const columnOf = {
  bandId: 'band_id',
  venueId: 'venue_id',
  eventId: 'event_id',
  status: 'status',
} as const;
const statusCode = (status: ConcertStatus): number => concertStatuses.indexOf(status);
const isMoved = (statusClass: StatusClass) => statusClass === 'rescheduled' || statusClass === 'postponed';

const classCondition: Record<StatusClass, string> = {
  live: 'cancelled = 0',
  cancelled: 'cancelled = 1',
  // The second term repeats the condition of the partial index, or SQLite would not use it.
  rescheduled: `status = ${statusCode('rescheduled')} and status in (1, 2)`,
  postponed: `status = ${statusCode('postponed')} and status in (1, 2)`,
};

export function sqliteConcertStore(path: string): ConcertStore {
  return new SqliteConcerts(SqliteDatabase.open(path, MIGRATIONS));
}

class SqliteConcerts extends SqliteRecords<Concert, ConcertRow> implements ConcertStore {
  private readonly index: ConcertIndex;

  constructor(db: SqliteDatabase) {
    super(db, {
      table: 'concerts',
      complete: completer(Concert),
      columns: (row) => ({
        band_id: row.bandId,
        venue_id: row.venueId,
        event_id: row.eventId ?? null,
        date: row.date,
        status: statusCode(row.status ?? 'scheduled'),
        cancelled: row.status === 'cancelled' ? 1 : 0,
      }),
      key: ['band_id', 'venue_id', 'date'],
    });
    this.index = new SqliteConcertIndex(db);
  }

  async find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }> {
    assertInTime(within.deadline);
    const { keys, entriesRead } = await findConcerts(this.index, request, within);
    const sql = 'select document from json_each(?) as asked join concerts on concerts.id = asked.value order by asked.key';
    const items = this.db
      .prepare(sql)
      .all(JSON.stringify(keys.map(({ id }) => id)))
      .map(this.recordIn);
    return { items, entriesRead };
  }
}

class SqliteConcertIndex implements ConcertIndex {
  // Measured: a run costs 4 us to start, and 0.8 us for each entry after that.
  readonly runStartCost = 5;
  readonly fewVenues = 64;

  constructor(private readonly db: SqliteDatabase) {}

  scan(slice: Slice): AsyncIterable<Block> {
    return this.merged('date', '', [[]], slice);
  }

  runs(dimension: Dimension, ids: readonly number[], slice: Slice): AsyncIterable<Block> {
    const column = columnOf[dimension];
    return this.merged(
      column,
      `${column} = ? and`,
      ids.map((id) => [id]),
      slice,
    );
  }

  pairs(bandIds: readonly number[], venueIds: readonly number[], slice: Slice): AsyncIterable<Block> {
    const pairs = bandIds.flatMap((bandId) => venueIds.map((venueId) => [bandId, venueId]));
    return this.merged('key', 'band_id = ? and venue_id = ? and', pairs, slice);
  }

  async count(dimension: Dimension, ids: readonly number[], slice: Slice, atMost: number): Promise<number> {
    const column = columnOf[dimension];
    let total = 0;
    for (const statusClass of slice.classes) {
      const sql =
        `select count(*) as n from (select 1 from concerts indexed by ${indexName(column, statusClass)} ` +
        `where ${column} = ? and ${classCondition[statusClass]} and (date, id) > (?, ?) and (date, id) < (?, ?) limit ?)`;
      const statement = this.db.prepare(sql);
      for (const id of ids) {
        if (total >= atMost) return total;
        const cap = Math.min(atMost - total, Number.MAX_SAFE_INTEGER);
        total += numberOf(statement.get(id, ...boundsOf(slice), cap)?.n);
      }
    }
    return total;
  }

  /** Each pair is a run, and starting them is nearly all they cost. */
  async pairsCost(bandIds: readonly number[], venueIds: readonly number[]): Promise<{ cost: number; entries: number }> {
    return { cost: bandIds.length * venueIds.length * this.runStartCost, entries: 0 };
  }

  /** The runs as one, in order: a heap holds each run by the entry that it is at. */
  private async *merged(index: IndexName, where: string, values: readonly SQLInputValue[][], slice: Slice): AsyncIterable<Block> {
    const { direction, wanted, budget } = slice;
    const block = index === 'date' ? SCAN_BLOCK : firstBlock(wanted, values.length * slice.classes.length);
    const runs = slice.classes.flatMap((statusClass) => {
      const reading = this.readingOf(indexName(index, statusClass), `${where} ${classCondition[statusClass]}`, slice);
      return values.map((some) => new Run(reading, some, Math.min(block, Math.max(1, budget))));
    });
    const sign = direction === 'ascending' ? 1 : -1;
    const open = runs.filter((run) => run.current !== undefined);
    const queue = new TinyQueue<Run>(open, (a, b) => (a.current && b.current ? sign * compareKeys(a.current, b.current) : 0));
    let read = runs.reduce((sum, run) => sum + run.takeReadCount(), 0);
    let left = budget - read;
    let taken = 0;
    let entries: DateKey[] = [];
    for (let run = queue.pop(); run?.current; run = queue.pop()) {
      const last = run.current;
      taken += 1;
      if (last.accepted) entries.push(last);
      if (taken >= MERGED_BLOCK || entries.length >= wanted) {
        yield { entries, read, last };
        [entries, read, taken] = [[], 0, 0];
      }
      if (left <= 0 && run.isDrained) return yield { entries, read, last };
      run.advance(left);
      const fetched = run.takeReadCount();
      read += fetched;
      left -= fetched;
      if (run.current) queue.push(run);
    }
    yield { entries, read, last: undefined };
  }

  private readingOf(index: string, where: string, slice: Slice): Reading {
    const filtered = filterColumns.filter((name) => slice.filter[name] !== undefined);
    const columns = ['id', 'date', ...filtered.map((name) => columnOf[name])].join(', ');
    const order = slice.direction === 'ascending' ? 'date, id' : 'date desc, id desc';
    const statement = this.db.prepare(
      `select ${columns} from concerts indexed by ${index} where ${where} ` +
        `and (date, id) > (?, ?) and (date, id) < (?, ?) order by ${order} limit ?`,
    );
    statement.setReturnArrays(true);
    const conditions = filtered.map((name, at) => conditionOf(slice.filter, name, at + KEY_COLUMNS));
    return { statement, slice, bounds: boundsOf(slice), accepts: (row) => conditions.every((holds) => holds(row)) };
  }
}

/** What the runs of one class have in common. */
interface Reading {
  statement: StatementSync;
  slice: Slice;
  bounds: readonly number[];
  accepts(row: SQLOutputValue[]): boolean;
}

/** One stretch of one index, read in blocks. */
class Run {
  current: RunEntry | undefined;
  private rows: SQLOutputValue[][] = [];
  private position = 0;
  private readCount = 0;
  private ended = false;

  /**
   * @param values of the ids that it is read by
   * @param block entries of the first block; each further one is twice as long
   */
  constructor(
    private readonly reading: Reading,
    private readonly values: readonly SQLInputValue[],
    private block: number,
  ) {
    this.advance(block);
  }

  /** Whether the next entry would have to be fetched. */
  get isDrained(): boolean {
    return this.position === this.rows.length && !this.ended;
  }

  /** @param budget entries that may be fetched for it */
  advance(budget: number): void {
    if (this.isDrained) this.fetch(Math.min(this.block, budget));
    const row = this.rows[this.position];
    this.position += 1;
    this.current = row && {
      id: numberOf(row[0]),
      date: numberOf(row[1]),
      accepted: this.reading.accepts(row),
    };
  }

  /** Entries read since the last time it was asked. */
  takeReadCount(): number {
    const count = this.readCount;
    this.readCount = 0;
    return count;
  }

  private fetch(limit: number): void {
    const { statement, slice, bounds } = this.reading;
    const rest = this.current ? boundsOf(beyond(slice, this.current)) : bounds;
    const rows: unknown[] = statement.all(...this.values, ...rest, limit);
    this.rows = rows.filter((row) => Array.isArray(row));
    this.position = 0;
    this.readCount += this.rows.length;
    this.ended = this.rows.length < limit;
    this.block = Math.min(2 * this.block, MAX_RUN_BLOCK);
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

/** Each run gives about its share of the page at first. */
const firstBlock = (wanted: number, runs: number) => Math.min(MAX_RUN_BLOCK, Math.max(1, Math.ceil(wanted / runs)));

const boundsOf = ({ lower, upper }: Slice) => [lower.date, lower.id, upper.date, upper.id];

type IndexName = 'date' | 'key' | (typeof columnOf)[Dimension];

const indexName = (column: IndexName, statusClass: StatusClass) =>
  column === 'key' ? 'concerts_key' : `concerts_${isMoved(statusClass) ? 'moved_' : ''}by_${column}`;
