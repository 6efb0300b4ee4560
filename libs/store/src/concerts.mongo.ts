import type { Collection, Filter, FindCursor, FindOptions } from 'mongodb';
import {
  type Concert,
  type ConcertsOf,
  type ConcertValue,
  type concertSteps,
  type DateKey,
  type FindConcerts,
  MAX_CONCERTS_PER_DELETE,
  type RequestOf,
  SCAN_BUDGET,
} from '#contracts';
import type { MongoDatabase, MongoIndex, MongoMigrations, ReadOptions } from '#database';
import { keyOf, placeOf } from './concert-place.js';
import { afterDelete, assertAtMost, countLimit, deletionsOf, referenceOf } from './concerts-of.js';
import { deletedIndex, type MongoKind, purgeIndex, type RecordDocument } from './entities.mongo.js';
import {
  type Block,
  beyond,
  type ConcertIndex,
  compareKeys,
  type Dimension,
  dimensions,
  findPage,
  isMoved,
  type Slice,
  type StatusClass,
} from './find-concerts.js';
import { concertKind } from './kinds.js';
import type { ConcertSteps, ConcertStore, Within } from './port.js';
import { MongoRecords } from './records.mongo.js';

// As on SQLite: each way to read has an index in the order of `place` (date, then id) behind what it is read by, with the
// ids that filters need, so that a reading fetches no document. `moved` is there only where a concert is rescheduled or
// postponed, so that its indexes are small.
const index = (name: string, key: MongoIndex['key'], options?: MongoIndex['options']): MongoIndex => {
  return { collection: 'concerts', name, key, ...(options && { options }) };
};
const where = (field: string) => ({ partialFilterExpression: { [field]: { $exists: true } } });

export const concertMigrations: MongoMigrations = [
  [
    index('key', { key: 1, twin: 1 }, { unique: true }),
    index('date', { cancelled: 1, place: 1, venueId: 1 }),
    index('bandId', { bandId: 1, cancelled: 1, place: 1, venueId: 1 }),
    index('venueId', { venueId: 1, cancelled: 1, place: 1, bandId: 1 }),
    index('eventId', { eventOf: 1, cancelled: 1, place: 1 }, where('eventOf')),
    index('pair', { bandId: 1, venueId: 1, cancelled: 1, place: 1 }),
    index('moved_date', { moved: 1, place: 1, venueId: 1 }, where('moved')),
    index('moved_bandId', { bandId: 1, moved: 1, place: 1, venueId: 1 }, where('moved')),
    index('moved_venueId', { venueId: 1, moved: 1, place: 1, bandId: 1 }, where('moved')),
    index('moved_eventId', { eventOf: 1, moved: 1, place: 1 }, where('moved')),
  ],
  [deletedIndex('concerts')],
  [purgeIndex('concerts')],
];

/** Ids of one query: with more, MongoDB no longer merges their runs but reads and sorts all of them. */
const MAX_RUNS_PER_QUERY = 200;
/** Queries of one search that run at once: a large search must not hold all connections. */
const MAX_PARALLEL_QUERIES = 4;
/** So many queries may each read a whole page at once; of more, each first reads its share of as many pages. */
const MAX_WHOLE_PAGES = 8;
/** Entries that one query filters: a query costs as much as 250 of them, and each further one may be twice as long. */
const FIRST_WINDOW = 256;
/** And no longer than this: the whole budget of a search. */
const MAX_WINDOW = SCAN_BUDGET;
/** How many more entries are looked at than expected to do: a further query costs more than these. */
const EXTRA = 1.25;

/** The fields that the indexes know the ids by; that of the event is missing where there is none. */
const fieldOf = { bandId: 'bandId', venueId: 'venueId', eventId: 'eventOf' } as const;

const indexName = (name: string, statusClass: StatusClass) => (isMoved(statusClass) ? `moved_${name}` : name);

const mongoConcerts: MongoKind<Concert, ConcertValue> = {
  ...concertKind,
  indexed: ({ id, date, status, eventId }) => ({
    place: placeOf({ date, id }),
    cancelled: status === 'cancelled',
    ...(isMoved(status) && { moved: status }),
    ...(eventId !== null && { eventOf: eventId }),
  }),
};

export function mongoConcertStore(db: MongoDatabase, tombstoneRetentionMs: number): ConcertStore {
  return new MongoConcerts(db, mongoConcerts, tombstoneRetentionMs);
}

/** Concerts that belong to no execution that has not ended. */
const SETTLED = { 'saga.pinned': { $ne: false }, 'saga.holders.0': { $exists: false } };

class MongoConcerts extends MongoRecords<Concert, ConcertValue, ConcertSteps> implements ConcertStore {
  async find(request: FindConcerts, within: Within): Promise<{ items: Concert[]; entriesRead: number }> {
    const index = new MongoConcertIndex(this.db, this.documents, within);
    return findPage(index, request, within, async (ids) => {
      const fetched = ids.map((id) => index.fetched.get(id)).filter((document) => document !== undefined);
      const missing = ids.filter((id) => !index.fetched.has(id));
      return [...fetched.map(this.entities.recordIn), ...(missing.length > 0 ? await this.byIds(missing, within) : [])];
    });
  }

  async countOf({ of, atMost }: RequestOf<typeof concertSteps.countOf>, { deadline }: Within) {
    // Whoever counts has marked what the concerts refer to: a concert that was written before must be seen.
    await this.db.confirmPrimary(deadline);
    const count = await this.countReferring(of, countLimit(atMost), deadline);
    assertAtMost(count, atMost);
    return { count };
  }

  async deleteOf(request: RequestOf<typeof concertSteps.deleteOf>, { deadline }: Within) {
    await this.db.confirmPrimary(deadline);
    const ids = (request.concerts ?? []).map(({ id }) => id);
    const found = await this.db.read(deadline, (options) => this.entities.find({ _id: { $in: ids } }, options));
    const { writes, done } = deletionsOf(request, found.entities, Date.now());
    const tombstones = await this.entities.withIds(writes);
    const deleted = await this.db.write(deadline, (options) =>
      this.entities.write(tombstones, found, { ...options, ordered: false }),
    );
    const { filter, hint } = referring(request.of);
    const next = await this.db.read(deadline, (options) =>
      this.entities.find({ ...filter, ...SETTLED }, { ...options, hint, limit: MAX_CONCERTS_PER_DELETE }),
    );
    return afterDelete({
      deleted: (request.deleted ?? 0) + done + deleted,
      isProgress: deleted > 0,
      next: next.entities,
      isAnyLeft: next.entities.length > 0 || (await this.countReferring(request.of, 1, deadline)) > 0,
    });
  }

  private countReferring(of: ConcertsOf, limit: number, deadline: number): Promise<number> {
    const { filter, hint } = referring(of);
    return this.db.read(deadline, (options) => this.documents.countDocuments(filter, { ...options, limit, hint }));
  }
}

/** The concerts of one band, venue or event, and the index that has them. */
function referring(of: ConcertsOf): { filter: Filter<RecordDocument>; hint: string } {
  const { field, id } = referenceOf(of);
  return { filter: { [fieldOf[field]]: id }, hint: field };
}

/** What a query gives of a concert: its place from the index, or the whole document. */
interface Placed {
  place: Buffer;
}
interface ConcertDocument extends RecordDocument, Placed {}

/** One query of a reading: a stretch of an index, or up to 200 that MongoDB merges. */
interface Reading {
  index: string;
  match: Filter<RecordDocument>;
  /** Stretches that it starts: MongoDB looks at an entry of each before it gives the first. */
  runs: number;
}

class MongoConcertIndex implements ConcertIndex {
  // Measured: 20 us for each run of a query, and 2 to 4 us for each entry after that.
  readonly runStartCost = 8;
  readonly fewVenues = 120;
  /** Documents that came with a reading. */
  readonly fetched = new Map<number, RecordDocument>();

  constructor(
    private readonly db: MongoDatabase,
    readonly documents: Collection<RecordDocument>,
    private readonly within: Within,
  ) {}

  scan(slice: Slice): AsyncIterable<Block> {
    const readings = slice.classes.map((statusClass) => ({
      index: indexName('date', statusClass),
      match: classMatch(statusClass),
      runs: 1,
    }));
    return this.merged(readings, slice);
  }

  runs(dimension: Dimension, ids: readonly number[], slice: Slice): AsyncIterable<Block> {
    const readings = slice.classes.flatMap((statusClass) =>
      chunked(ids, MAX_RUNS_PER_QUERY).map((some) => ({
        index: indexName(dimension, statusClass),
        match: idsMatch(dimension, some, statusClass),
        runs: some.length,
      })),
    );
    return this.merged(readings, slice);
  }

  /** The planner reads pairs that have few concerts: all of these are read, and sorted as one. */
  async *pairs(bandIds: readonly number[], venueIds: readonly number[], slice: Slice): AsyncIterable<Block> {
    const match = { $and: [pairsMatch(bandIds, venueIds, slice), filterMatch(slice.filter)] };
    const found = await this.read((options) =>
      this.documents.find<Placed>(match, { ...options, ...keysOf(slice), hint: 'pair' }).toArray(),
    );
    yield { entries: found.map(({ place }) => keyOf(place)), read: found.length, last: undefined };
  }

  /** A pair costs a look into the index, whether it has concerts or not. */
  async pairsCost(bandIds: readonly number[], venueIds: readonly number[], slice: Slice, atMost: number) {
    const pairs = bandIds.length * venueIds.length;
    if (pairs >= atMost) return { cost: pairs, entries: 0 };
    const entries = await this.countMatches(pairsMatch(bandIds, venueIds, slice), 'pair', atMost - pairs);
    return { cost: pairs + entries, entries };
  }

  async count(dimension: Dimension, ids: readonly number[], slice: Slice, atMost: number): Promise<number> {
    let total = 0;
    for (const statusClass of slice.classes) {
      if (total >= atMost) break;
      const match = { ...idsMatch(dimension, ids, statusClass), place: placesIn(slice) };
      total += await this.countMatches(match, indexName(dimension, statusClass), atMost - total);
    }
    return total;
  }

  read<T>(run: (options: ReadOptions) => Promise<T>): Promise<T> {
    return this.db.read(this.within.deadline, run);
  }

  private countMatches(match: Filter<RecordDocument>, hint: string, atMost: number): Promise<number> {
    const limit = Number.isFinite(atMost) ? { limit: Math.ceil(atMost) } : {};
    return this.read((options) => this.documents.countDocuments(match, { ...options, ...limit, hint }));
  }

  /**
   * The readings as one, in order. Each has read up to some entry; what comes before the nearest of these is complete
   * and can be given. Then the one that stands there reads on.
   */
  private async *merged(readings: readonly Reading[], slice: Slice): AsyncIterable<Block> {
    const isFiltered = Object.keys(slice.filter).length > 0;
    const batchSize = Math.min(slice.wanted, Math.ceil((slice.wanted * MAX_WHOLE_PAGES) / readings.length));
    const sources = readings.map((reading) => {
      if (isFiltered) return new Windows(this, reading, slice);
      return readings.length === 1 ? new WholePage(this, reading, slice) : new Batches(this, reading, slice, batchSize);
    });
    const order = slice.direction === 'ascending' ? compareKeys : (a: DateKey, b: DateKey) => compareKeys(b, a);
    let left = slice.budget;
    try {
      for (let next: readonly Source[] = sources; ; ) {
        const read = await fetchAll(next, left);
        left -= read;
        const open = sources.filter(({ ended }) => !ended);
        const last = open
          .map(({ reach }) => reach)
          .filter((reach) => reach !== undefined)
          .sort(order)[0];
        yield { entries: sources.flatMap((source) => source.takeUpTo(last, order)).sort(order), read, last };
        if (last === undefined || left <= 0) return;
        next = open.filter(({ reach }) => reach && order(reach, last) === 0);
      }
    } finally {
      for (const source of sources) source.close();
    }
  }
}

async function fetchAll(sources: readonly Source[], budget: number): Promise<number> {
  let read = 0;
  for (const some of chunked(sources, MAX_PARALLEL_QUERIES)) {
    const counts = await Promise.all(some.map((source) => source.fetch(Math.max(1, budget - read))));
    read += counts.reduce((sum, count) => sum + count, 0);
  }
  return read;
}

/** A reading under way. */
abstract class Source {
  ended = false;
  /** How far it has read. */
  reach: DateKey | undefined;
  private readonly found: DateKey[] = [];

  constructor(
    protected readonly index: MongoConcertIndex,
    protected readonly reading: Reading,
    protected readonly slice: Slice,
  ) {}

  /** Reads on. @returns how many entries it looked at */
  abstract fetch(budget: number): Promise<number>;
  abstract close(): void;

  /** What it has found up to a key, or all when there is none; given once. */
  takeUpTo(last: DateKey | undefined, order: (a: DateKey, b: DateKey) => number): DateKey[] {
    const beyondLast = last ? this.found.findIndex((key) => order(key, last) > 0) : -1;
    return this.found.splice(0, beyondLast < 0 ? this.found.length : beyondLast);
  }

  /** Takes in what it has found; the last is how far it has read. */
  protected add(places: readonly Placed[]): void {
    for (const { place } of places) this.found.push(keyOf(place));
    this.reach = this.found.at(-1) ?? this.reach;
  }

  protected get options() {
    return { ...keysOf(this.slice), hint: this.reading.index };
  }
}

/** Without a filter: every entry is a hit, and one query that stays open gives all. */
class Batches extends Source {
  private cursor: FindCursor<Placed> | undefined;
  private given = 0;

  constructor(
    index: MongoConcertIndex,
    reading: Reading,
    slice: Slice,
    private readonly batchSize: number,
  ) {
    super(index, reading, slice);
  }

  async fetch(): Promise<number> {
    const { wanted } = this.slice;
    const match = { ...this.reading.match, place: placesIn(this.slice) };
    const found = await this.index.read(async (options) => {
      this.cursor ??= this.index.documents.find<Placed>(match, {
        ...options,
        ...this.options,
        limit: wanted,
        batchSize: this.batchSize,
      });
      await this.cursor.hasNext();
      return this.cursor.readBufferedDocuments();
    });
    const started = this.given === 0 ? this.reading.runs : 0;
    this.given += found.length;
    // A whole page is more than is ever asked of one reading, so there is no need to know whether more follows.
    this.ended = found.length < this.batchSize && this.given < wanted;
    this.add(found);
    return found.length + started;
  }

  close(): void {
    if (this.cursor && !this.cursor.closed) void this.cursor.close();
  }
}

/** Without a filter and by one query: all that it reads is wanted, so it gives the documents too. */
class WholePage extends Source {
  async fetch(): Promise<number> {
    const { wanted } = this.slice;
    const rest = this.reach ? beyond(this.slice, this.reach) : this.slice;
    const match = { ...this.reading.match, place: placesIn(rest) };
    const found = await this.index.read((options) => {
      const whole = { ...options, ...this.options, projection: {}, limit: wanted, batchSize: wanted };
      return this.index.documents.find<ConcertDocument>(match, whole).toArray();
    });
    for (const document of found) this.index.fetched.set(document._id, document);
    this.ended = found.length < wanted;
    this.add(found);
    return found.length + this.reading.runs;
  }

  close(): void {
    this.ended = true;
  }
}

/** With a filter: a number of entries at a time, of which the server sends the hits, and where it stopped. */
class Windows extends Source {
  private window = FIRST_WINDOW;
  private looked = 0;
  private hits = 0;

  async fetch(budget: number): Promise<number> {
    const { filter, direction } = this.slice;
    const size = Math.min(this.window, budget);
    const rest = this.reach ? beyond(this.slice, this.reach) : this.slice;
    const fields = Object.fromEntries(Object.keys(filterMatch(filter)).map((field) => [field, 1]));
    const stages = [
      { $match: { ...this.reading.match, place: placesIn(rest) } },
      { $sort: { place: direction === 'ascending' ? 1 : -1 } },
      { $limit: size },
      { $project: { _id: 0, place: 1, ...fields } },
      {
        $facet: {
          hits: [{ $match: filterMatch(filter) }, { $project: { place: 1 } }],
          looked: [{ $group: { _id: null, at: { $sum: 1 }, place: { $last: '$place' } } }],
        },
      },
    ];
    const [facets] = await this.index.read((options) =>
      this.index.documents.aggregate(stages, { ...options, hint: this.reading.index }).toArray(),
    );
    const [looked] = facets?.['looked'] ?? [];
    const read: number = looked?.at ?? 0;
    const hits: Placed[] = facets?.['hits'] ?? [];
    this.ended = read < size;
    this.add(hits);
    this.window = this.nextWindow(size, hits.length);
    if (looked) this.reach = keyOf(looked.place);
    return read + this.reading.runs;
  }

  /** A little more than the page will take, as far as one can tell. */
  private nextWindow(size: number, hits: number): number {
    this.hits += hits;
    this.looked += size;
    const expected = (EXTRA * (this.slice.wanted - this.hits) * this.looked) / Math.max(this.hits, 0.5);
    return Math.min(Math.max(Math.ceil(expected), FIRST_WINDOW), 2 * size, MAX_WINDOW);
  }

  close(): void {
    this.ended = true;
  }
}

const classMatch = (statusClass: StatusClass): Filter<RecordDocument> =>
  isMoved(statusClass) ? { moved: statusClass } : { cancelled: statusClass === 'cancelled' };

const idsMatch = (dimension: Dimension, ids: readonly number[], statusClass: StatusClass): Filter<RecordDocument> => ({
  [fieldOf[dimension]]: { $in: ids },
  ...classMatch(statusClass),
});

const pairsMatch = (bandIds: readonly number[], venueIds: readonly number[], slice: Slice): Filter<RecordDocument> => ({
  bandId: { $in: bandIds },
  venueId: { $in: venueIds },
  $or: slice.classes.map(classMatch),
  place: placesIn(slice),
});

/** A condition on each field of a filter, of an event by the field that its index has. */
const filterMatch = ({ status, ...ids }: Slice['filter']): Filter<RecordDocument> => ({
  ...(status && { status }),
  ...Object.fromEntries(dimensions.flatMap((name) => (ids[name] ? [[fieldOf[name], { $in: [...ids[name]] }]] : []))),
});

const placesIn = ({ lower, upper }: Slice) => ({ $gt: placeOf(lower), $lt: placeOf(upper) });

const keysOf = ({ direction }: Slice): FindOptions => ({
  projection: { _id: 0, place: 1 },
  sort: { place: direction === 'ascending' ? 1 : -1 },
});

function chunked<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) => items.slice(chunk * size, (chunk + 1) * size));
}
