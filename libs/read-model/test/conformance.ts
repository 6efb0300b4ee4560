import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SCAN_BUDGET } from '#contracts';
import { distanceKm } from '#geo';
import type { ConcertPage, ConcertQuery, ConcertReadModel } from '../src/query.js';
import { Oracle, type OraclePage, type OracleRow } from './oracle.js';
import { randomQueries } from './queries.js';
import { clockPlaces, ids, makeWorld, places, type World } from './world.js';

export type { World } from './world.js';

/** A read model under test, over the rows of the world, and how to end it. */
export interface Subject {
  readModel: ConcertReadModel;
  close(): Promise<void>;
}

/** Entries that may be read for each row of a page, in a search by any filter but bands and place. */
const ENTRIES_PER_ROW = 20;
const DEADLINE_MS = 20_000;
const LOAD_TIMEOUT_MS = 120_000;
const RANDOM_TIMEOUT_MS = 120_000;

/**
 * What every read model must do, compared with an oracle that looks at every row: the same concerts in the same order,
 * with the same parts and distances.
 * @param make loads the rows into what the read model reads, and makes it
 */
export function readModelConformance(name: string, make: (world: World) => Promise<Subject>): void {
  describe(`the read model ${name}`, () => {
    const world = makeWorld();
    const oracle = new Oracle(world);
    let subject: Subject;
    beforeAll(async () => {
      subject = await make(world);
    }, LOAD_TIMEOUT_MS);
    afterAll(() => subject?.close(), LOAD_TIMEOUT_MS);

    const find = (query: ConcertQuery): Promise<ConcertPage> =>
      subject.readModel.find(query, { deadline: Date.now() + DEADLINE_MS, requestId: 'conformance', traceId: '' });

    /** The answer, which must be the oracle's, from within the bound. */
    async function check(query: ConcertQuery): Promise<OraclePage> {
      const page = await find(query);
      const expected = oracle.find(query);
      expect({ query, page: comparable(page) }).toEqual({ query, page: expected });
      expect(page.missing).toEqual([]);
      const read = entriesOf(page, 'concerts');
      if (!isBandsAndPlace(query) && read > boundOf(query))
        throw new Error(`${read} entries were read, ${boundOf(query)} may be, for ${JSON.stringify(query)}`);
      return expected;
    }

    /** Every page, each checked, as one list. */
    async function checkPages(query: ConcertQuery): Promise<OracleRow[]> {
      const rows: OracleRow[] = [];
      for (let next: ConcertQuery | undefined = query; next; ) {
        const page: OraclePage = await check(next);
        rows.push(...page.rows);
        next = page.next && { ...query, after: page.next };
      }
      return rows;
    }

    const boundOf = ({ bandIds = [], venueIds = [], eventIds = [], circle, limit }: ConcertQuery): number => {
      const asked = bandIds.length + venueIds.length + eventIds.length;
      return SCAN_BUDGET + (circle ? oracle.venuesWithin(circle).size : 0) + asked + ENTRIES_PER_ROW * (limit + 1);
    };

    const byDate = { sort: '-date', limit: 20 } as const;

    describe('finds what brute force finds', () => {
      test.each(randomQueries(world).map(({ name, queries }) => [name, queries] as const))(
        'by %s',
        async (_, queries) => {
          for (const query of queries) await check(query);
        },
        RANDOM_TIMEOUT_MS,
      );

      test('page by page, both ways, over concerts that share their date', async () => {
        for (const sort of ['-date', 'date'] as const) {
          const query: ConcertQuery = { circle: { ...places.paris, radiusKm: 30 }, sort, limit: 500 };
          const rows = await checkPages(query);
          expect(rows.length).toBeGreaterThan(1_000);
          expect(rows).toEqual(oracle.find({ ...query, limit: 10_000 }).rows);
        }
      });

      test('behind a cursor at either end', async () => {
        const query: ConcertQuery = { bandIds: [1, 2], ...byDate };
        const { rows } = oracle.find({ ...query, limit: 10_000 });
        const dateOf = ({ id }: OracleRow) => world.concerts.find((concert) => concert.id === id)?.date ?? 0;
        for (const row of [rows.at(0), rows.at(-2), rows.at(-1)]) {
          if (!row) throw new Error('the bands 1 and 2 have concerts');
          await check({ ...query, after: { date: dateOf(row), id: row.id } });
        }
        await check({ ...query, after: { date: Number.MAX_SAFE_INTEGER, id: 0 } });
        const behind = await check({ ...query, after: { date: Number.MIN_SAFE_INTEGER, id: 0 } });
        expect(behind.rows).toEqual([]);
      });

      test('nothing, for ids that cannot exist and for those without concerts', async () => {
        for (const id of [0, 1_123_123_123, 10 ** 15]) {
          for (const filter of [{ bandIds: [id] }, { venueIds: [id] }, { eventIds: [id] }])
            expect((await check({ ...filter, ...byDate })).rows).toEqual([]);
        }
        expect((await check({ bandIds: [ids.quietBand], ...byDate })).rows).toEqual([]);
        expect((await check({ venueIds: [ids.quietVenue], ...byDate })).rows).toEqual([]);
        expect((await check({ bandIds: [], ...byDate })).rows).toEqual([]);
      });

      test('the others, beside ids that cannot exist', async () => {
        const { rows } = await check({ bandIds: [0, 1, 10 ** 15], ...byDate });
        expect(rows).toEqual(oracle.find({ bandIds: [1], ...byDate }).rows);
        expect(rows.length).toBe(20);
      });

      test('concerts whose band, venue or event nobody knows', async () => {
        const { rows } = await check({ venueIds: [ids.unknown], ...byDate, status: 'any' });
        expect(rows.length).toBe(6);
        const ofUnknownBand = await check({ bandIds: [ids.unknown], ...byDate, status: 'any' });
        expect(ofUnknownBand.rows.map(({ band, event }) => ({ band, event }))).toEqual(
          Array.from({ length: 6 }, () => ({ band: null, event: null })),
        );
      });
    });

    describe('decides by the circle', () => {
      const all = { sort: '-date', limit: 10_000, status: 'any' } as const;
      const venuesOf = (rows: OracleRow[]) => [...new Set(rows.map(({ venue }) => venue))].sort();

      test('a venue exactly at the radius is inside, and one step of the radius less is not', async () => {
        const some = world.venues.filter(({ id }) => (id > 100 && id < 105) || (id > 7_100 && id % 2 === 1));
        for (const venue of some.filter(({ id }) => id !== ids.quietVenue)) {
          const center = { latitude: venue.latitude * 0.995, longitude: venue.longitude * 0.995 };
          const edge = distanceKm(center, venue);
          const query: ConcertQuery = { venueIds: [venue.id], ...all, circle: { ...center, radiusKm: edge } };
          expect((await check(query)).rows.length).toBeGreaterThan(0);
          expect((await check({ ...query, circle: { ...center, radiusKm: beyond(edge) } })).rows.length).toBeGreaterThan(0);
          if (edge > 0) expect((await check({ ...query, circle: { ...center, radiusKm: nearer(edge) } })).rows).toEqual([]);
        }
      });

      test('a radius of 0 holds the venues at that very place', async () => {
        const [stage] = world.venues.filter(({ id }) => ids.stages.includes(id));
        if (!stage) throw new Error('the stages are part of the world');
        const circle = { latitude: stage.latitude, longitude: stage.longitude, radiusKm: 0 };
        expect(venuesOf((await check({ circle, ...all })).rows)).toEqual(['Venue 8001', 'Venue 8002']);
        const beside = { ...circle, longitude: beyond(stage.longitude) };
        expect((await check({ circle: beside, ...all })).rows).toEqual([]);
      });

      test('across the antimeridian, from both sides and from the line itself', async () => {
        for (const longitude of [180, -180, 179.99, -179.99]) {
          const { rows } = await check({ circle: { latitude: -17, longitude, radiusKm: 80 }, ...all });
          expect(venuesOf(rows)).toEqual(['Venue 7101', 'Venue 7102', 'Venue 7103', 'Venue 7104', 'Venue 7105', 'Venue 7106']);
          await check({ circle: { latitude: -17, longitude, radiusKm: 0 }, ...all });
        }
      });

      test('at the poles, where every meridian meets', async () => {
        for (const longitude of [0, 77, 180]) {
          const north = await check({ circle: { latitude: 90, longitude, radiusKm: 0 }, ...all });
          expect(venuesOf(north.rows)).toEqual(['Venue 7201', 'Venue 7202']);
          const around = await check({ circle: { latitude: 89.99, longitude, radiusKm: 10 }, ...all });
          expect(venuesOf(around.rows)).toEqual(['Venue 7201', 'Venue 7202', 'Venue 7203', 'Venue 7204']);
          const south = await check({ circle: { latitude: -90, longitude, radiusKm: 50 }, ...all });
          expect(venuesOf(south.rows)).toEqual(expect.arrayContaining(['Venue 7205', 'Venue 7206', 'Venue 7207']));
        }
      });

      test('the whole earth', async () => {
        const { rows } = await check({ circle: { latitude: 10, longitude: 10, radiusKm: 20_016 }, ...byDate });
        expect(rows.length).toBe(20);
      });

      test('a venue that has no concerts', async () => {
        const quiet = { latitude: 48.86, longitude: 2.35, radiusKm: 0 };
        expect((await check({ circle: quiet, ...byDate })).rows).toEqual([]);
      });
    });

    describe('decides by the local day of each venue', () => {
      const venueIdOf = (place: (typeof clockPlaces)[number]) => 7_301 + clockPlaces.indexOf(place);
      const dayBeside = (day: string, days: number) => Temporal.PlainDate.from(day).add({ days }).toString();

      test.each(clockPlaces.map((place) => [place.name, place] as const))('in %s, both ways, in pages of 7', async (_, place) => {
        for (const day of place.days.flatMap((one) => [dayBeside(one, -1), one, dayBeside(one, 1)])) {
          for (const sort of ['-date', 'date'] as const) {
            const query: ConcertQuery = { venueIds: [venueIdOf(place)], sort, limit: 7 };
            await checkPages({ ...query, from: { localDate: day }, to: { localDate: day } });
          }
        }
      });

      test.each(clockPlaces.map((place) => [place.name, place] as const))('and an instant, in %s', async (_, place) => {
        const [day = ''] = place.days;
        const query: ConcertQuery = { venueIds: [venueIdOf(place)], ...byDate };
        const noon = { instant: Date.parse(`${day}T12:00:00Z`) };
        await check({ ...query, from: { localDate: day }, to: noon });
        await check({ ...query, from: noon, to: { localDate: day } });
        await check({ ...query, from: { localDate: day } });
        await check({ ...query, to: { localDate: day } });
      });

      test('the same day in all zones at once, in pages of 3', async () => {
        const venueIds = clockPlaces.map(venueIdOf);
        for (const sort of ['-date', 'date'] as const) {
          const day = { localDate: '2024-05-01' };
          const rows = await checkPages({ venueIds, from: day, to: day, sort, limit: 3 });
          // A day of 24 hours has 48 half hours, in each of the three places that have concerts on it.
          expect(rows.length).toBeGreaterThanOrEqual(3 * 48);
        }
      });

      test('the first and the last days that there are', async () => {
        await check({ from: { localDate: '0001-01-01' }, to: { localDate: '9999-12-31' }, ...byDate });
        expect((await check({ to: { localDate: '0001-01-01' }, ...byDate })).rows).toEqual([]);
        expect((await check({ from: { localDate: '9999-12-31' }, ...byDate })).rows).toEqual([]);
      });
    });

    describe('reads no more than it may', () => {
      const outback = { ...places.outback, radiusKm: 60 };

      test('for a region whose 300 venues all closed years ago', async () => {
        expect(oracle.venuesWithin(outback).size).toBe(300);
        const recent: ConcertQuery = { circle: outback, from: { instant: Date.UTC(2001, 0) }, ...byDate };
        expect((await check(recent)).rows).toEqual([]);
        expect((await check({ ...recent, from: { localDate: '2001-01-01' } })).rows).toEqual([]);
        expect((await check({ circle: outback, ...byDate })).rows.length).toBe(20);
        expect((await check({ circle: outback, ...byDate, sort: 'date' })).rows.length).toBe(20);
      });

      test('for bands that never played there', async () => {
        const query: ConcertQuery = { bandIds: [ids.quietBand, BAND_OF_FEW], circle: outback, ...byDate };
        await check(query);
        await check({
          ...query,
          bandIds: [1, 2, 3],
          circle: { ...places.outback, radiusKm: 100 },
          from: { localDate: '2001-01-01' },
        });
      });

      test('for a status that few have, with a date', async () => {
        for (const status of ['cancelled', 'postponed', 'rescheduled'] as const) {
          await check({ status, from: { localDate: '2010-01-01' }, ...byDate });
          await check({ status, circle: outback, from: { instant: Date.UTC(2001, 0) }, ...byDate });
        }
      });

      test('for local days beside one on which 3,000 concerts are', async () => {
        const town = { circle: { ...places.festivalTown, radiusKm: 30 }, limit: 20 };
        const [before, after] = [{ localDate: '2015-06-30' }, { localDate: '2015-07-02' }];
        expect((await check({ ...town, sort: 'date', from: after })).rows).toEqual([]);
        expect((await check({ ...town, sort: '-date', to: before })).rows).toEqual([]);
        expect((await check({ ...town, sort: 'date', from: { localDate: '2015-07-01' } })).rows.length).toBe(20);
      });

      test('of the index of places, for a small circle among 5,000 venues', async () => {
        for (const radiusKm of [0, 1, 20, 60, 200]) {
          const query: ConcertQuery = { circle: { ...places.prairie, radiusKm }, ...byDate };
          await check(query);
          const hits = oracle.venuesWithin({ ...places.prairie, radiusKm }).size;
          const read = entriesOf(await find(query), 'circle');
          expect({ radiusKm, read, isWithinBound: read <= 3 * hits + 100 }).toEqual({ radiusKm, read, isWithinBound: true });
        }
      });
    });

    describe('gives one concert by its id', () => {
      const byId = async (id: number) =>
        (await subject.readModel.byId(id, { deadline: Date.now() + DEADLINE_MS, requestId: 'conformance', traceId: '' }))
          .concerts;

      test('with its band, its venue and its event, whatever its status', async () => {
        for (const status of ['scheduled', 'cancelled']) {
          const row = world.concerts.find((concert) => concert.status === status && concert.eventId);
          const [found] = await byId(row?.id ?? 0);
          expect(found?.concert).toMatchObject({ ...row });
          expect([found?.band?.id, found?.venue?.id, found?.event?.id]).toEqual([row?.bandId, row?.venueId, row?.eventId]);
        }
      });

      test('and nothing for one that does not exist', async () => {
        for (const id of [0, ids.unknown, 10 ** 15]) expect(await byId(id)).toEqual([]);
      });
    });
  });
}

/** A band with a handful of concerts. */
const BAND_OF_FEW = 148;

const comparable = ({ concerts, next }: ConcertPage): OraclePage => ({
  rows: concerts.map(({ concert, band, venue, event, distanceKm }) => ({
    id: concert.id,
    band: band?.name ?? null,
    venue: venue?.name ?? null,
    event: event?.name ?? null,
    ...(distanceKm !== undefined && { distanceKm }),
  })),
  next,
});

const entriesOf = ({ stages }: ConcertPage, name: string): number =>
  stages.find((stage) => stage.name === name)?.entriesRead ?? 0;

/** The one search whose reading has no bound but its deadline. */
const isBandsAndPlace = ({ bandIds, venueIds, circle }: ConcertQuery): boolean => bandIds !== undefined && !!(venueIds ?? circle);

/** The neighbouring double, away from zero or towards it. */
const beyond = (value: number): number => adjacent(value, 1n);
const nearer = (value: number): number => adjacent(value, -1n);

function adjacent(value: number, step: bigint): number {
  const bits = new BigInt64Array(1);
  const double = new Float64Array(bits.buffer);
  double[0] = value;
  bits[0] = (bits[0] ?? 0n) + step;
  return double[0] ?? value;
}
