import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { type Area, type FindConcerts, MAX_ID, SCAN_BUDGET } from '#contracts';
import { databaseName } from '#database';
import { CannotStart } from '#problem';
import { OwnMongo } from '../../../bench/support/own-mongo.js';
import { LEEWAY_MS } from '../../../test/support/leeway.js';
import { describeOnMongo, describeWithOwnMongo, startStandaloneMongo } from '../../../test/support/mongo.js';
import {
  type BandStore,
  type ConcertStore,
  openBandStore,
  openConcertStore,
  openVenueStore,
  type VenueStore,
} from '../src/index.js';
import { silent, soon } from './place.js';
import { Random } from './random.js';

const within = (timeMs: number) => ({ deadline: Date.now() + timeMs });
const DEADLINE_MS = 3_000;

test('the database of a service is named after the one of the URL, or after the project', () => {
  expect(databaseName('mongodb://h', 'bands')).toBe('backline-bands');
  expect(databaseName('mongodb://h/', 'bands')).toBe('backline-bands');
  expect(databaseName('mongodb://h/?replicaSet=rs0', 'bands')).toBe('backline-bands');
  expect(databaseName('mongodb://u:p@a:1,b:2/festival?x=y', 'venues')).toBe('festival-venues');
  expect(databaseName('mongodb+srv://h/f%C3%AAte', 'events')).toBe('fête-events');
});

test('an address that cannot be is refused with one line', async () => {
  const opened = openBandStore({ name: 'bands', dataDir: '', mongoUrl: 'mongodb://h:1/?unknownOption=1' }, silent);
  await expect(opened).rejects.toBeInstanceOf(CannotStart);
  await expect(opened).rejects.toThrow(/^the address of the MongoDB of bands is wrong: [^\n]+$/);
});

test.each([
  'mongodb://user:secret@h:1/%E0%A4',
  'mongodb://user:secret%E0%A4@h:1/',
  'mongodb://user:sec/secret@h:1/',
  'http://user:secret@h:1/',
])('an address that nobody can parse is refused with one line, which does not give away its password: %s', async (mongoUrl) => {
  const error = await openBandStore({ name: 'bands', dataDir: '', mongoUrl }, silent).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CannotStart);
  expect(String(error)).toMatch(/the address of the MongoDB of bands is wrong: [^\n]+$/);
  expect(String(error)).not.toContain('secret');
});

describeWithOwnMongo('a MongoDB that is not as it should be', () => {
  test('because it is no replica set is refused with one line that says how to make it one', async () => {
    const standalone = await startStandaloneMongo();
    try {
      const opened = openBandStore({ name: 'bands', dataDir: '', mongoUrl: standalone.url }, silent);
      await expect(opened).rejects.toBeInstanceOf(CannotStart);
      await expect(opened).rejects.toThrow(
        /^the MongoDB at \S+ is not a replica set; [^\n]+ --replSet rs0 [^\n]+rs\.initiate\(\) once$/,
      );
    } finally {
      await standalone.stop();
    }
  }, 60_000);

  describe('because it is away', () => {
    let mongo: OwnMongo;
    let bands: BandStore;
    const lines: string[] = [];
    const logger = { info: (_: object, line: string) => lines.push(line), warn: (_: object, line: string) => lines.push(line) };

    beforeAll(async () => {
      mongo = await OwnMongo.start();
      bands = await openBandStore({ name: 'bands', dataDir: '', mongoUrl: mongo.url }, logger);
      await bands.upsert([{ id: 1, name: 'Here' }], soon());
    }, 60_000);
    afterAll(async () => {
      await bands.close();
      await mongo.stop();
    });

    /** How a call ends, which it must before its deadline. */
    async function endOf(call: Promise<unknown>): Promise<string> {
      const start = Date.now();
      const end = await call.then(
        () => 'ok',
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
      );
      expect(Date.now() - start).toBeLessThan(DEADLINE_MS + LEEWAY_MS);
      return end;
    }

    async function untilBack(): Promise<void> {
      for (let tries = 0; tries < 30; tries++) {
        if ((await endOf(bands.byIds([1], within(DEADLINE_MS)))) === 'ok') return;
        await sleep(200);
      }
      throw new Error('MongoDB is back and the store does not notice');
    }

    test('when it is lost, reads and writes end as Unavailable within their deadline; when it is back, they work again', async () => {
      await mongo.pause();
      expect(await endOf(bands.byIds([1], within(DEADLINE_MS)))).toBe('Unavailable');
      expect(await endOf(bands.upsert([{ id: 2, name: 'Lost' }], within(DEADLINE_MS)))).toBe('Unavailable');
      expect(await endOf(bands.ping(within(DEADLINE_MS)))).toBe('Unavailable');
      expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(1);
      await mongo.resume();
      await untilBack();
      expect(lines.at(-1)).toMatch(/answers again$/);
      expect(await bands.byIds([1, 2], soon())).toMatchObject([{ id: 1, name: 'Here' }]);
    }, 60_000);

    test('when it stands still, calls end within their deadline, and work again afterwards', async () => {
      await mongo.freeze();
      try {
        const ends = await Promise.all(Array.from({ length: 30 }, () => endOf(bands.byIds([1], within(DEADLINE_MS)))));
        expect(new Set(ends).isSubsetOf(new Set(['Timeout', 'Unavailable']))).toBe(true);
        expect(await endOf(bands.upsert([{ id: 1, name: 'Here' }], within(500)))).toMatch(/Timeout|Unavailable/);
      } finally {
        mongo.thaw();
      }
      await untilBack();
    }, 60_000);

    test('at the start, it is waited for, and one line says so', async () => {
      await mongo.pause();
      const said: string[] = [];
      const opening = openBandStore(
        { name: 'bands', dataDir: '', mongoUrl: mongo.url },
        { ...logger, warn: (_, line) => said.push(line) },
      );
      await sleep(4_000);
      expect(said).toEqual([expect.stringMatching(/^MongoDB at \S+ does not answer \([^\n]+\); trying every second$/)]);
      await mongo.resume();
      const store = await opening;
      expect(await store.byIds([1], soon())).toHaveLength(1);
      await store.close();
    }, 60_000);
  });
});

describeOnMongo('the indexes of MongoDB', (mongo) => {
  let client: MongoClient;

  beforeAll(async () => {
    client = await MongoClient.connect(mongo().urlOf('plans'));
  });
  afterAll(() => client.close());

  /** What the server says about the queries that ran while `work` did: it keeps a record of each, with all it looked at. */
  async function profiled(
    service: string,
    work: () => Promise<unknown>,
  ): Promise<{ keys: number; documents: number; plans: string[] }> {
    const db = client.db(databaseName(mongo().urlOf('plans'), service));
    await db.command({ profile: 2 });
    await work();
    await db.command({ profile: 0 });
    const entries = await db
      .collection('system.profile')
      .find({ ns: `${db.databaseName}.${service}` })
      .toArray();
    await db.collection('system.profile').drop();
    const sum = (field: string) => entries.reduce((total, entry) => total + Number(entry[field] ?? 0), 0);
    return {
      keys: sum('keysExamined'),
      documents: sum('docsExamined'),
      plans: entries.map((entry) => String(entry['planSummary'])),
    };
  }

  describe('of venues', () => {
    let venues: VenueStore;

    beforeAll(async () => {
      venues = await openVenueStore({ name: 'venues', dataDir: '', mongoUrl: mongo().urlOf('plans') }, silent);
      const random = new Random(11);
      const degrees = (limit: number) => random.between(-limit * 1_000, limit * 1_000) / 1_000;
      for (let at = 0; at < 20; at++) {
        const rows = Array.from({ length: 500 }, (_, index) => ({
          name: `Venue ${at} ${index}`,
          latitude: degrees(40),
          longitude: degrees(60),
        }));
        await venues.upsert(rows, soon());
      }
    }, 60_000);
    afterAll(() => venues.close());

    test('when the server refuses one row of a batch, nothing of the batch is written', async () => {
      const nowhere = { id: 70_001, name: 'Nowhere', latitude: 1_000, longitude: 1_000, timeZone: 'Etc/UTC' };
      const before = await venues.count(soon());
      await expect(
        venues.upsert([{ id: 70_000, name: 'Somewhere', latitude: 1, longitude: 1 }, nowhere], soon()),
      ).rejects.toThrow();
      expect(await venues.byIds([70_000, 70_001], soon())).toEqual([]);
      expect(await venues.count(soon())).toBe(before);
    });

    test.each<[string, Area, string]>([
      [
        'a circle is read from the spherical one',
        { circle: { latitude: 10, longitude: 5, radiusKm: 500 } },
        'position: "2dsphere"',
      ],
      ['a small circle too', { circle: { latitude: 10, longitude: 5, radiusKm: 20 } }, 'position: "2dsphere"'],
      ['a box is read from the flat one', { box: { west: 3, south: 8, east: 13, north: 12 } }, 'position.coordinates: "2d"'],
    ])('%s, which looks at few', async (_, area, index) => {
      const { items } = await venues.idsWithin({ area, limit: 65_536 }, soon());
      const looked = await profiled('venues', () => venues.idsWithin({ area, limit: 65_536 }, soon()));
      expect(looked.plans).toEqual([expect.stringContaining(index)]);
      expect(looked.keys).toBeLessThanOrEqual(3 * items.length + 100);
      expect(looked.documents).toBeLessThanOrEqual(3 * items.length + 100);
    });
  });

  describe('of concerts', () => {
    const ids = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);
    let concerts: ConcertStore;

    beforeAll(async () => {
      concerts = await openConcertStore({ name: 'concerts', dataDir: '', mongoUrl: mongo().urlOf('plans') }, silent);
      for (let at = 0; at < 24; at++) {
        const rows = ids(at * 500, 500).map((n) => ({
          bandId: 1 + (n % 97),
          venueId: 1 + (n % 1_009),
          date: n - (n % 3),
          eventId: n % 5 ? null : 1 + (n % 11),
          status: n % 13 ? ('scheduled' as const) : n % 2 ? ('cancelled' as const) : ('postponed' as const),
        }));
        await concerts.upsert(rows, soon());
      }
    }, 60_000);
    afterAll(() => concerts.close());

    test.each<[string, Partial<FindConcerts>, number]>([
      ['no filter', {}, 0],
      ['a band', { bandIds: [5] }, 1],
      ['ten bands', { bandIds: ids(1, 10) }, 10],
      ['300 bands', { bandIds: ids(1, 300) }, 300],
      ['100 venues', { venueIds: ids(1, 100) }, 100],
      ['300 venues', { venueIds: ids(1, 300) }, 300],
      ['1,000 venues without concerts', { venueIds: ids(5_000, 1_000) }, 1_000],
      ['an event', { eventIds: [3] }, 1],
      ['postponed', { status: 'postponed' }, 0],
      ['a postponed one of ten bands', { status: 'postponed', bandIds: ids(1, 10) }, 10],
      ['cancelled of 50 venues, from', { status: 'cancelled', venueIds: ids(1, 50), from: 6_000 }, 50],
      ['deep', { bandIds: ids(1, 60), after: { date: 3_000, id: MAX_ID } }, 60],
    ])(
      '%s: the server looks at no more entries than a search may, fetches only what it gives, and sorts nothing',
      async (_, filter, asked) => {
        for (const sort of ['date', '-date'] as const) {
          const { items, entriesRead } = await concerts.find({ ...filter, sort, limit: 20 }, soon());
          const looked = await profiled('concerts', () => concerts.find({ ...filter, sort, limit: 20 }, soon()));
          expect(looked.plans.filter((plan) => plan.startsWith('COLLSCAN'))).toEqual([]);
          // The page itself is read by its ids.
          expect(looked.documents).toBe(items.length);
          expect(looked.keys - 2 * items.length - 1).toBeLessThanOrEqual(SCAN_BUDGET + asked + 20 * 20);
          expect(looked.keys - 2 * items.length - 1).toBeLessThanOrEqual(entriesRead + asked + 5);
        }
      },
    );
  });
});
