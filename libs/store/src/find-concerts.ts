import { setImmediate } from 'node:timers/promises';
import { type Concert, type ConcertStatus, type DateKey, type FindConcerts, SCAN_BUDGET } from '#contracts';
import { assertInTime } from '#problem';
import type { Within } from './port.js';

/**
 * How a search for concerts is answered from indexes, the same on every store: which index is read, how far, and when
 * another is better. A store only reads; see `ConcertIndex`.
 */

/**
 * A class of status that has its own runs in each index: `live` is all but cancelled. Without it, a page of a region
 * whose concerts were all cancelled would read every one of them.
 */
export type StatusClass = 'live' | 'cancelled' | 'rescheduled' | 'postponed';

/** The two classes that few concerts are of, which have indexes of their own. */
export const isMoved = (status: StatusClass | ConcertStatus): boolean => status === 'rescheduled' || status === 'postponed';

export const dimensions = ['bandId', 'venueId', 'eventId'] as const;
export type Dimension = (typeof dimensions)[number];

/** What an entry must also satisfy, beside the run that it is read from. */
export interface Filter {
  bandId?: ReadonlySet<number>;
  venueId?: ReadonlySet<number>;
  eventId?: ReadonlySet<number>;
  status?: ConcertStatus;
}

/** A part of the order by (date, id), both ends exclusive, read in one direction. */
export interface Slice {
  classes: readonly StatusClass[];
  direction: 'ascending' | 'descending';
  lower: DateKey;
  upper: DateKey;
  filter: Filter;
  /** How many entries are wanted: a hint for the size of a block. */
  wanted: number;
  /** Entries to look at, at most: a reading ends with the block that reaches it. Each run may look at one nevertheless. */
  budget: number;
}

/**
 * Entries that the filter lets through, in order. `read` counts what was looked at for them; `last` is how far the reading
 * got, and missing when it got to the end.
 */
export interface Block {
  entries: DateKey[];
  read: number;
  last: DateKey | undefined;
}

/** What a store must be able to read. Every reading is in the order of its slice and may be left at any block. */
export interface ConcertIndex {
  /** What it costs to start a run, in entries read from one that is under way. */
  readonly runStartCost: number;
  /** Up to so many venues, starting their runs is cheaper than finding out how dense they are. */
  readonly fewVenues: number;
  /** All concerts by date. */
  scan(slice: Slice): AsyncIterable<Block>;
  /** The concerts of any of the ids, merged. */
  runs(dimension: Dimension, ids: readonly number[], slice: Slice): AsyncIterable<Block>;
  /** The concerts of any of the bands at any of the venues, merged. */
  pairs(bandIds: readonly number[], venueIds: readonly number[], slice: Slice): AsyncIterable<Block>;
  /** How many concerts the ids have in the slice, without its filter, counted no further than `atMost`. */
  count(dimension: Dimension, ids: readonly number[], slice: Slice, atMost: number): Promise<number>;
  /** What reading the pairs costs: `entries` were looked at to know it, no more than `atMost`. */
  pairsCost(
    bandIds: readonly number[],
    venueIds: readonly number[],
    slice: Slice,
    atMost: number,
  ): Promise<{ cost: number; entries: number }>;
}

/** Up to so many pairs of a band and a venue are looked up before anything else is tried. */
const FEW_PAIRS = 128;
/** Entries after which one can tell how many more a page will take; a reading that costs less needs no comparison. */
const TRIAL = 512;
/** How much further each step of counting goes: the last one costs as much as the smallest reading times this, at most. */
const LIMIT_GROWTH = 4;
/** Pairs of a band and a venue that may be looked up for one page: no more than entries that may be read in vain. */
const MAX_PAIRS = SCAN_BUDGET;

/**
 * The page of a search. Its keys and its documents are read at different moments: a concert that moved in between is
 * left out, and the page filled up with what follows.
 * @param byIds the concerts of the ids, in any order
 */
export async function findPage(
  index: ConcertIndex,
  request: FindConcerts,
  within: Within,
  byIds: (ids: number[]) => Promise<Concert[]>,
): Promise<{ items: Concert[]; entriesRead: number }> {
  const page = new Map<number, Concert>();
  let entriesRead = 0;
  for (let rest = request; ; ) {
    const found = await findConcerts(index, rest, within);
    entriesRead += found.entriesRead;
    const concerts = new Map((await byIds(found.keys.map(({ id }) => id))).map((concert) => [concert.id, concert]));
    for (const { id, date } of found.keys) {
      const concert = concerts.get(id);
      if (concert?.date === date) page.set(id, concert);
    }
    const after = found.keys.at(-1);
    if (!after || found.keys.length < rest.limit || page.size >= request.limit) return { items: [...page.values()], entriesRead };
    rest = { ...request, after, limit: request.limit - page.size };
  }
}

/** The concerts of a search: their keys, in order, and how many entries were read for them. */
async function findConcerts(
  index: ConcertIndex,
  request: FindConcerts,
  within: Within,
): Promise<{ keys: DateKey[]; entriesRead: number }> {
  const search = new Search(index, request, within);
  await search.run();
  return { keys: search.found, entriesRead: search.entriesRead };
}

class Search {
  readonly found: DateKey[] = [];
  entriesRead = 0;
  private readonly ids: Record<Dimension, readonly number[] | undefined>;
  /** What is still to be read. */
  private slice: Slice;
  private readUntilYield = SCAN_BUDGET;

  constructor(
    private readonly index: ConcertIndex,
    private readonly request: FindConcerts,
    private readonly within: Within,
  ) {
    this.ids = {
      bandId: unique(request.bandIds),
      venueId: unique(request.venueIds),
      eventId: unique(request.eventIds),
    };
    this.slice = sliceOf(request);
  }

  async run(): Promise<void> {
    const asked = dimensions.filter((dimension) => this.ids[dimension] !== undefined);
    if (asked.some((dimension) => this.idsOf(dimension).length === 0)) return;
    const [only] = asked;
    if (only === undefined) return this.read(this.index.scan(this.slice));
    if (asked.length > 1) return this.readSeveral(asked);
    if (only === 'venueId') return this.readVenues();
    return this.read(this.index.runs(only, this.idsOf(only), this.slice));
  }

  /** Venues of a region: by date while they are dense enough, else by the runs of each. */
  private async readVenues(): Promise<void> {
    const venueIds = this.idsOf('venueId');
    const startCost = venueIds.length * this.index.runStartCost;
    const budget = this.request.scanBudget ?? SCAN_BUDGET;
    if (venueIds.length > this.index.fewVenues && budget > 0) {
      const gaveUp = await this.readWhile(this.index.scan({ ...this.filteredBy('venueId'), budget }), (scanned) => {
        return scanned < budget && this.expectedToFill(scanned) < startCost + this.request.limit - this.found.length;
      });
      if (!gaveUp) return;
    }
    await this.read(this.index.runs('venueId', venueIds, this.slice));
  }

  /**
   * Several conditions: one is read and the others filter. Few pairs of a band and a venue are looked up by themselves.
   * Else the one with the fewest ids is tried first, since its newest entries fill most pages. When they do not promise
   * to, the cheapest reading is chosen by counts, which stop at the budget; while none is within it, they may go further
   * step by step, so that all counting together is a small multiple of the smallest reading.
   */
  private async readSeveral(asked: readonly Dimension[]): Promise<void> {
    const pairs = this.idsOf('bandId').length * this.idsOf('venueId').length;
    const small = pairs > 0 && pairs <= FEW_PAIRS && (await this.cheapest(asked, SCAN_BUDGET));
    if (small) return this.read(small());
    const [first = 'bandId'] = asked.toSorted((a, b) => this.idsOf(a).length - this.idsOf(b).length);
    const gaveUp = await this.readWhile(this.runsOf(first, asked, SCAN_BUDGET), (scanned) => {
      return scanned < SCAN_BUDGET && (scanned < TRIAL || this.expectedToFill(scanned) < SCAN_BUDGET);
    });
    if (!gaveUp) return;
    for (let limit = SCAN_BUDGET; ; limit *= LIMIT_GROWTH) {
      const cheapest = await this.cheapest(asked, limit);
      if (cheapest) return this.read(cheapest());
    }
  }

  /** How many entries the page will take, from how many it took so far. */
  private expectedToFill(scanned: number): number {
    const missing = this.request.limit - this.found.length;
    return (missing * scanned) / Math.max(this.found.length, 0.5);
  }

  /** The reading that costs least and less than `limit`, if there is one. What is counted to find it is read too. */
  private async cheapest(asked: readonly Dimension[], limit: number): Promise<(() => AsyncIterable<Block>) | undefined> {
    let best: (() => AsyncIterable<Block>) | undefined;
    let leastCost = limit;
    const [bandIds, venueIds] = [this.idsOf('bandId'), this.idsOf('venueId')];
    const pairs = bandIds.length * venueIds.length;
    if (pairs > 0 && pairs <= MAX_PAIRS) {
      const { cost, entries } = await this.index.pairsCost(bandIds, venueIds, this.slice, leastCost);
      this.entriesRead += entries;
      if (cost < leastCost) {
        leastCost = cost;
        best = () => this.index.pairs(bandIds, venueIds, this.filteredBy('eventId'));
      }
    }
    for (const dimension of asked) {
      if (leastCost <= TRIAL) break;
      assertInTime(this.within.deadline);
      const ids = this.idsOf(dimension);
      const startCost = ids.length * this.index.runStartCost;
      if (startCost >= leastCost) continue;
      const counted = await this.index.count(dimension, ids, this.slice, leastCost - startCost);
      this.entriesRead += counted;
      if (startCost + counted >= leastCost) continue;
      leastCost = startCost + counted;
      best = () => this.runsOf(dimension, asked);
    }
    return best;
  }

  private runsOf(dimension: Dimension, asked: readonly Dimension[], budget = Number.POSITIVE_INFINITY): AsyncIterable<Block> {
    const slice = this.filteredBy(...asked.filter((other) => other !== dimension));
    return this.index.runs(dimension, this.idsOf(dimension), { ...slice, budget });
  }

  private idsOf = (dimension: Dimension): readonly number[] => this.ids[dimension] ?? [];

  private filteredBy(...by: Dimension[]): Slice {
    const sets = by.filter((dimension) => this.ids[dimension]).map((dimension) => [dimension, new Set(this.idsOf(dimension))]);
    return {
      ...this.slice,
      filter: { ...this.slice.filter, ...Object.fromEntries(sets) },
    };
  }

  private async read(blocks: AsyncIterable<Block>): Promise<void> {
    await this.readWhile(blocks, () => true);
  }

  /**
   * Takes entries until the page is full or the reading ends; or until `goOn`, told how many entries this reading has
   * looked at, says no: then it returns true, and the slice begins where the reading stopped.
   */
  private async readWhile(blocks: AsyncIterable<Block>, goOn: (read: number) => boolean): Promise<boolean> {
    let read = 0;
    for await (const block of blocks) {
      read += block.read;
      this.entriesRead += block.read;
      for (const { date, id } of block.entries) {
        this.found.push({ date, id });
        if (this.found.length === this.request.limit) return false;
      }
      if (!block.last) return false;
      this.slice = beyond(this.slice, block.last);
      await this.stayResponsive(block.read);
      if (!goOn(read)) return true;
    }
    return false;
  }

  /** An embedded store reads without waiting for anything: long readings let other calls in, and look at the clock. */
  private async stayResponsive(read: number): Promise<void> {
    this.readUntilYield -= read;
    if (this.readUntilYield > 0) return;
    this.readUntilYield = SCAN_BUDGET;
    await setImmediate();
    assertInTime(this.within.deadline);
  }
}

const unique = (ids: readonly number[] | undefined) => (ids ? [...new Set(ids)].sort((a, b) => a - b) : undefined);

const FIRST: DateKey = { date: Number.MIN_SAFE_INTEGER, id: 0 };
const LAST: DateKey = { date: Number.MAX_SAFE_INTEGER, id: 0 };

export const compareKeys = (a: DateKey, b: DateKey): number => a.date - b.date || a.id - b.id;

function sliceOf({ from, to, status, sort, after, limit }: FindConcerts): Slice {
  const whole: Slice = {
    classes: classesOf(status),
    direction: sort === 'date' ? 'ascending' : 'descending',
    // Ids start at 1, so a key with the id 0 comes before every concert of its date.
    lower: from === undefined ? FIRST : { date: from, id: 0 },
    upper: to === undefined ? LAST : { date: to, id: 0 },
    filter: status === 'scheduled' ? { status } : {},
    wanted: limit,
    budget: Number.POSITIVE_INFINITY,
  };
  return after ? beyond(whole, after) : whole;
}

/** What is left of a slice behind a key, in its direction. */
export function beyond(slice: Slice, key: DateKey): Slice {
  if (slice.direction === 'ascending')
    return {
      ...slice,
      lower: compareKeys(key, slice.lower) > 0 ? key : slice.lower,
    };
  return {
    ...slice,
    upper: compareKeys(key, slice.upper) < 0 ? key : slice.upper,
  };
}

function classesOf(status: FindConcerts['status']): readonly StatusClass[] {
  if (status === 'any') return ['live', 'cancelled'];
  // `scheduled` has no runs of its own: it is nearly all of `live`, so a filter skips few.
  if (status === undefined || status === 'scheduled') return ['live'];
  return [status];
}
