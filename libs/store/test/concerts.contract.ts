import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Concert, type ConcertRow, concertStatuses, type DateKey, type FindConcerts, MAX_ID, SCAN_BUDGET } from '#contracts';
import { openConcertStore } from '../src/index.js';
import { past, type StoreUnderTest, soon, storeForTests } from './place.js';
import { Random } from './random.js';

const SEED = 7;
const QUERIES = 400;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2020, 0, 1);
/** Rows after which following pages has shown enough. */
const MOST_FOLLOWED = 600;
/** So few that many concerts share one. */
const DATES = 700;

const openVenues = ids(1, 500);
const closedVenues = ids(1_001, 300);
const cancelledVenues = ids(2_001, 300);
const bands = ids(1, 80);
/** A band that plays more than a search may read in vain, and nowhere but at one venue. */
const RESIDENT = 90;
const RESIDENCE = 600;
const events = ids(1, 40);

type Row = ConcertRow & { id: number; status: Concert['status']; eventId: number | null };

/** Concerts of a living region, of one whose venues all closed years ago, and of one where all is cancelled. */
function makeConcerts(random: Random): Row[] {
  const made = new Map<string, Omit<Row, 'id'>>();
  const add = (row: Omit<Row, 'id'>) => made.set(`${row.bandId}|${row.venueId}|${row.date}`, row);
  const eventId = () => (random.oneIn(3) ? random.pick(events) : null);
  const status = () => (random.oneIn(8) ? random.pick(concertStatuses) : 'scheduled');
  const date = () => START + random.between(0, DATES) * HOUR_MS;
  for (let i = 0; i < 6_500; i++) {
    // Some venues are far more popular than others, and so are bands.
    const venueId = random.between(1, random.pick([20, 100, openVenues.length]));
    add({
      bandId: random.between(1, random.pick([5, bands.length])),
      venueId,
      date: date(),
      status: status(),
      eventId: eventId(),
    });
  }
  for (const venueId of closedVenues) {
    for (let i = 0; i < 8; i++)
      add({ bandId: random.pick(bands), venueId, date: date() - 20 * 365 * 24 * HOUR_MS, status: status(), eventId: null });
  }
  for (const venueId of cancelledVenues) {
    for (let i = 0; i < 8; i++)
      add({ bandId: random.pick(bands), venueId, date: date(), status: 'cancelled', eventId: eventId() });
  }
  for (let i = 0; i < 5_000; i++) {
    add({
      bandId: RESIDENT,
      venueId: RESIDENCE,
      date: START + i * 1_000,
      status: i % 2 ? 'cancelled' : 'scheduled',
      eventId: i % 7 ? null : 41,
    });
  }
  const rows = [...made.values()];
  // Ids in no order, so that nothing comes right by the order of writing.
  return rows.map((row, index) => ({ id: 1 + ((index * 7_919) % rows.length), ...row }));
}

export function concertsContract(store: StoreUnderTest): void {
  const stored = storeForTests(store, 'concerts', openConcertStore);
  const random = new Random(SEED);
  const rows = makeConcerts(random);
  const find = (request: FindConcerts) => stored().find(request, soon());

  beforeAll(async () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (let at = 0; at < rows.length; at += 500) await stored().upsert(rows.slice(at, at + 500), soon());
  }, 120_000);

  async function expectRight(request: FindConcerts): Promise<void> {
    const { items, entriesRead } = await find(request);
    const expected = bruteForce(rows, request);
    expect({ request, ids: items.map(({ id }) => id) }).toEqual({ request, ids: expected.map(({ id }) => id) });
    const most = request.bandIds && request.venueIds ? boundOf(request) + SEVERAL * smallestOf(rows, request) : boundOf(request);
    expect({ request, within: entriesRead <= most, entriesRead, most }).toMatchObject({ within: true });
  }

  test(`${QUERIES} searches give exactly what a look at every concert gives, and read no more than they may`, async () => {
    for (let i = 0; i < QUERIES; i++) await expectRight(randomRequest(random, rows));
  }, 120_000);

  describe('each filter alone', () => {
    const page = { sort: '-date', limit: 20 } as const;
    const busy = START + 300 * HOUR_MS;
    test.each<[string, Omit<FindConcerts, 'sort' | 'limit'>]>([
      ['none', {}],
      ['a band', { bandIds: [3] }],
      ['ten bands', { bandIds: bands.slice(0, 10) }],
      ['all bands and many that never were', { bandIds: ids(1, 2_000) }],
      ['a venue', { venueIds: [7] }],
      ['ten venues', { venueIds: openVenues.slice(0, 10) }],
      ['all open venues', { venueIds: openVenues }],
      ['thousands of venues', { venueIds: ids(1, 5_000) }],
      ['venues whose concerts are all years old', { venueIds: closedVenues }],
      ['venues whose concerts are all cancelled', { venueIds: cancelledVenues }],
      ['cancelled ones there', { venueIds: cancelledVenues, status: 'cancelled' }],
      ['venues without concerts', { venueIds: ids(3_000, 300) }],
      ['an event', { eventIds: [3] }],
      ['all events', { eventIds: ids(1, 2_000) }],
      ['from', { from: busy }],
      ['to', { to: busy }],
      ['from and to', { from: busy, to: busy + HOUR_MS }],
      ['from behind to', { from: busy, to: busy }],
      ['times that nothing has', { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER }],
      ['scheduled', { status: 'scheduled' }],
      ['rescheduled', { status: 'rescheduled' }],
      ['postponed', { status: 'postponed' }],
      ['cancelled', { status: 'cancelled' }],
      ['cancelled, from', { status: 'cancelled', from: busy }],
      ['any status', { status: 'any' }],
      ['a band that never played there', { bandIds: [RESIDENT], venueIds: openVenues }],
      ['bands that never played there', { bandIds: bands, venueIds: [RESIDENCE] }],
      ['a band at its residence', { bandIds: [RESIDENT], venueIds: [RESIDENCE] }],
      ['no bands', { bandIds: [] }],
      ['no venues, and a band', { bandIds: [3], venueIds: [] }],
      ['ids that cannot be', { bandIds: [MAX_ID] }],
      ['an id twice', { bandIds: [3, 3], venueIds: [7, 7] }],
    ])('%s', async (_, filter) => {
      for (const sort of ['-date', 'date'] as const) {
        for (const limit of [1, 20, 10_001]) await expectRight({ ...page, ...filter, sort, limit });
      }
    });
  });

  describe('pages put together are the whole', () => {
    const filters: Partial<FindConcerts>[] = [
      { bandIds: [1, 2, 3] },
      { venueIds: openVenues.slice(0, 300) },
      { eventIds: [5] },
      { status: 'any', from: START + 650 * HOUR_MS },
    ];
    const cases = filters.flatMap((filter) =>
      (['-date', 'date'] as const).flatMap((sort) =>
        [3, 50].map((limit): [string, number, FindConcerts] => [sort, limit, { ...filter, sort, limit }]),
      ),
    );

    test.each(cases)('%s by %d: %j', async (_sort, limit, request) => {
      const found: DateKey[] = [];
      for (let isMore = true; isMore; ) {
        const after = found.at(-1);
        const { items } = await find({ ...request, ...(after && { after }) });
        found.push(...items.map(({ date, id }) => ({ date, id })));
        isMore = items.length === limit && found.length < MOST_FOLLOWED;
      }
      const whole = bruteForce(rows, { ...request, limit: Number.POSITIVE_INFINITY });
      const most = Math.ceil(MOST_FOLLOWED / limit) * limit;
      expect(found.map(({ id }) => id)).toEqual(whole.slice(0, most).map(({ id }) => id));
    });
  });

  test('a concert that changes is found as it is now', async () => {
    const row: Row = { id: 900_000, bandId: 95, venueId: 700, date: START, status: 'scheduled', eventId: 50 };
    const search = async (request: Partial<FindConcerts>) =>
      (await find({ bandIds: [95], sort: 'date', limit: 5, ...request })).items.map(({ id }) => id);
    await stored().upsert([row], soon());
    expect(await search({ eventIds: [50] })).toEqual([row.id]);
    await stored().upsert([{ ...row, status: 'postponed', date: START + 1, eventId: null, venueId: 701 }], soon());
    expect(await search({})).toEqual([row.id]);
    expect(await search({ status: 'postponed', from: START + 1 })).toEqual([row.id]);
    expect(await search({ status: 'scheduled' })).toEqual([]);
    expect(await search({ eventIds: [50] })).toEqual([]);
    expect(await search({ venueIds: [700] })).toEqual([]);
    await stored().upsert([{ ...row, status: 'cancelled' }], soon());
    expect(await search({})).toEqual([]);
    expect(await search({ status: 'postponed' })).toEqual([]);
    expect(await search({ status: 'any', venueIds: [700] })).toEqual([row.id]);
    rows.push({ ...row, status: 'cancelled' });
  });

  test('the years 1 and 9999 are years like others', async () => {
    const first: Row = {
      id: 900_001,
      bandId: 96,
      venueId: 702,
      date: 0,
      status: 'scheduled',
      eventId: null,
    };
    const early = new Date(0).setUTCFullYear(1, 0, 1);
    const late = new Date('9999-12-31T23:59:59.999Z').getTime();
    await stored().upsert(
      [
        { ...first, date: early },
        { ...first, id: 900_002, date: late },
      ],
      soon(),
    );
    const search = async (request: Partial<FindConcerts>) =>
      (await find({ bandIds: [96], sort: 'date', limit: 5, ...request })).items.map(({ id }) => id);
    expect(await search({})).toEqual([900_001, 900_002]);
    expect(await search({ sort: '-date' })).toEqual([900_002, 900_001]);
    expect(await search({ after: { date: early, id: 900_001 } })).toEqual([900_002]);
    expect(await search({ from: late })).toEqual([900_002]);
    expect(await search({ to: late })).toEqual([900_001]);
    expect(await search({ to: late + 1 })).toEqual([900_001, 900_002]);
    expect(await search({ from: early - 1 })).toEqual([900_001, 900_002]);
    rows.push({ ...first, date: early }, { ...first, id: 900_002, date: late });
  });

  test('what is late is Timeout', async () => {
    await expect(stored().find({ sort: 'date', limit: 1 }, past)).rejects.toMatchObject({ code: 'Timeout' });
  });
}

/** Entries that a search may read. With `any`, cancelled ones have runs of their own. */
function boundOf({ bandIds, venueIds, eventIds, status, limit }: FindConcerts): number {
  const asked = new Set(bandIds).size + new Set(venueIds).size + new Set(eventIds).size;
  return SCAN_BUDGET + (status === 'any' ? 2 : 1) * asked + 20 * limit;
}

/** What a search by band and by place may read for each entry of the smallest way to read it: it counts others first. */
const SEVERAL = 16;

function smallestOf(rows: readonly Row[], { bandIds = [], venueIds = [] }: FindConcerts): number {
  const of = (test: (row: Row) => boolean) => rows.filter(test).length;
  return Math.min(
    bandIds.length * venueIds.length + of(({ bandId, venueId }) => bandIds.includes(bandId) && venueIds.includes(venueId)),
    of(({ bandId }) => bandIds.includes(bandId)),
    of(({ venueId }) => venueIds.includes(venueId)),
  );
}

function bruteForce(rows: readonly Row[], request: FindConcerts): Row[] {
  const {
    bandIds,
    venueIds,
    eventIds,
    from = Number.NEGATIVE_INFINITY,
    to = Number.POSITIVE_INFINITY,
    status,
    sort,
    after,
    limit,
  } = request;
  const sign = sort === 'date' ? 1 : -1;
  const compare = (a: DateKey, b: DateKey) => sign * (a.date - b.date || a.id - b.id);
  const isAsked = (asked: readonly number[] | undefined, id: number | null) =>
    asked === undefined || (id !== null && asked.includes(id));
  return rows
    .filter((row) => isAsked(bandIds, row.bandId) && isAsked(venueIds, row.venueId) && isAsked(eventIds, row.eventId))
    .filter((row) => row.date >= from && row.date < to)
    .filter((row) => status === 'any' || (status === undefined ? row.status !== 'cancelled' : row.status === status))
    .filter((row) => !after || compare(row, after) > 0)
    .sort(compare)
    .slice(0, limit);
}

function randomRequest(random: Random, rows: readonly Row[]): FindConcerts {
  const request: FindConcerts = { sort: random.pick(['-date', 'date']), limit: random.pick([1, 2, 3, 20, 20, 20, 100, 1_000]) };
  const near = () => random.pick(rows).date + random.between(-1, 1);
  if (random.oneIn(3)) request.bandIds = random.some(ids(1, 95), random.pick([1, 2, 10, 60]));
  if (random.oneIn(2))
    request.venueIds = random.some(
      random.pick([openVenues, closedVenues, cancelledVenues, ids(1, 2_400)]),
      random.pick([1, 5, 64, 65, 130, 250, 700]),
    );
  if (random.oneIn(5)) request.eventIds = random.some(ids(1, 45), random.pick([1, 3, 20]));
  if (random.oneIn(4)) request.from = near();
  if (random.oneIn(4)) request.to = near();
  if (random.oneIn(3)) request.status = random.pick([...concertStatuses, 'any']);
  if (random.oneIn(3)) {
    const { date, id } = random.pick(rows);
    request.after = random.pick([
      { date, id },
      { date, id: Math.max(0, id - 1) },
      { date, id: MAX_ID },
      { date: near(), id: 0 },
    ]);
  }
  if (random.oneIn(10)) request.scanBudget = random.pick([0, 1, 100, SCAN_BUDGET]);
  return request;
}

function ids(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
