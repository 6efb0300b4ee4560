import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { circleTest } from '#geo';
import { isTimeZone } from '#local-time';
import { type DemoConcert, type DemoEvent, generateWorld, type WorldOptions, writeWorld } from './index.js';

const fileNames = ['bands.ndjson', 'venues.ndjson', 'events.ndjson', 'concerts.ndjson'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function sha256OfWorld(options: WorldOptions): Promise<string> {
  const into = join(folder, 'world');
  await writeWorld(into, options);
  const hash = createHash('sha256');
  for (const name of fileNames) hash.update(await readFile(join(into, name)));
  return hash.digest('hex');
}

function generate(options: WorldOptions) {
  const { bands, venues, happenings } = generateWorld(options);
  const events: DemoEvent[] = [];
  const concerts: DemoConcert[] = [];
  for (const { event, concerts: some } of happenings()) {
    if (event) events.push(event);
    concerts.push(...some);
  }
  return { bands, venues, events, concerts };
}

const isSerial = (ids: number[]): boolean => ids.every((id, index) => id === index + 1);
const share = <T>(items: readonly T[], holds: (item: T) => boolean): number => items.filter(holds).length / items.length;

describe('a world', () => {
  test('is the same bytes for the same options, and other bytes for another seed', async () => {
    const first = await sha256OfWorld({ seed: 7, concerts: 500 });
    expect(await sha256OfWorld({ seed: 7, concerts: 500 })).toBe(first);
    expect(await sha256OfWorld({ seed: 8, concerts: 500 })).not.toBe(first);
    expect(first).toBe('ac2641d4b1c310d6d9ec4ac9f357dcdd3931d8e074bbb9216ae02142b450d851');
  });

  test('is written as one record a line, with the counts told', async () => {
    const into = join(folder, 'counted');
    const counts = await writeWorld(into, { concerts: 1_000, bands: 40, venues: 30 });
    expect(counts).toMatchObject({ bands: 40, venues: 30, concerts: 1_000 });
    const lines = await Promise.all(
      fileNames.map(async (name) => (await readFile(join(into, name), 'utf8')).trimEnd().split('\n')),
    );
    expect(lines.map(({ length }) => length)).toEqual([40, 30, counts.events, 1_000]);
    const { concerts } = generate({ concerts: 1_000, bands: 40, venues: 30 });
    expect(lines[3]?.map((line): unknown => JSON.parse(line))).toEqual(concerts);
  });

  test('can be as small as one concert, and as crowded as one venue', () => {
    expect(generate({ concerts: 1 }).concerts).toHaveLength(1);
    const { concerts, venues } = generate({ concerts: 5_000, venues: 1, bands: 10 });
    expect(venues).toHaveLength(1);
    expect(new Set(concerts.map(({ bandId, date }) => `${bandId} ${date}`)).size).toBe(5_000);
  });

  test('that is impossible is told in one line', () => {
    expect(() => generateWorld({ concerts: 0 })).toThrow('concerts is 0, but is an integer from 1 to 200000000');
    expect(() => generateWorld({ bands: 2.5 })).toThrow('bands is 2.5, but is an integer from 10 to 2000000');
    expect(() => generateWorld({ seed: -1 })).toThrow('seed is -1');
    expect(() => generate({ concerts: 200_000, venues: 1 })).toThrow('1 venues have no evenings for 200000 concerts');
  });
});

describe('the default world', () => {
  const { bands, venues, events, concerts } = generate({});
  const venueOf = new Map(venues.map((venue) => [venue.id, venue]));

  test('has 20,000 concerts of 1,500 bands at 600 venues', () => {
    expect([concerts.length, bands.length, venues.length]).toEqual([20_000, 1_500, 600]);
  });

  test('has ids from 1 on, and refers to those only', () => {
    for (const records of [bands, venues, events, concerts]) expect(isSerial(records.map(({ id }) => id))).toBe(true);
    const strays = concerts.filter(
      ({ bandId, venueId, eventId }) =>
        !(
          bandId >= 1 &&
          bandId <= bands.length &&
          venueOf.has(venueId) &&
          (eventId === null || (eventId >= 1 && eventId <= events.length))
        ),
    );
    expect(strays).toEqual([]);
  });

  test('has no natural key twice', () => {
    expect(new Set(bands.map(({ name }) => name.toLowerCase())).size).toBe(bands.length);
    expect(new Set(venues.map(({ name }) => name.toLowerCase())).size).toBe(venues.length);
    expect(new Set(concerts.map(({ bandId, venueId, date }) => `${bandId} ${venueId} ${date}`)).size).toBe(concerts.length);
  });

  test('has venues on the earth, in a zone that exists, clustered around real cities', () => {
    for (const { latitude, longitude, timeZone } of venues) {
      expect(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && isTimeZone(timeZone)).toBe(true);
    }
    expect(venues.slice(0, 6).map(({ city }) => city)).toEqual([
      'Paris',
      'Berlin',
      'London',
      'New York City',
      'Chicago',
      'Tokyo',
    ]);
    expect(new Set(venues.map(({ country }) => country)).size).toBeGreaterThan(20);
  });

  test('has at least 500 concerts within 10 km of the center of Paris', () => {
    const inParis = circleTest({ latitude: 48.857931, longitude: 2.350144, radiusKm: 10 });
    const ids = new Set(venues.filter(inParis).map(({ id }) => id));
    expect(concerts.filter(({ venueId }) => ids.has(venueId)).length).toBeGreaterThanOrEqual(500);
  });

  test('has its concerts on evenings of twenty years, at whole quarters of an hour of the venue', () => {
    const odd = concerts.filter(({ venueId, date }) => {
      const at = Temporal.Instant.fromEpochMilliseconds(date).toZonedDateTimeISO(venueOf.get(venueId)?.timeZone ?? 'UTC');
      return at.year < 2010 || at.year > 2029 || at.hour < 17 || at.minute % 15 !== 0 || at.second !== 0 || at.millisecond !== 0;
    });
    expect(odd).toEqual([]);
  });

  test('has bands of which few are popular, by the law of Zipf', () => {
    const counts = new Array<number>(bands.length).fill(0);
    for (const { bandId } of concerts) counts[bandId - 1] = (counts[bandId - 1] ?? 0) + 1;
    const [first = 0] = counts;
    const tenth = counts.slice(0, 150).reduce((sum, count) => sum + count, 0);
    expect(first).toBeGreaterThan(600);
    expect(tenth / concerts.length).toBeGreaterThan(0.5);
    expect(share(counts, (count) => count > 0)).toBeGreaterThan(0.9);
  });

  test('cancels 3 of 100 concerts, and moves 2', () => {
    expect(share(concerts, ({ status }) => status === 'cancelled')).toBeCloseTo(0.03, 2);
    expect(share(concerts, ({ status }) => status === 'rescheduled' || status === 'postponed')).toBeCloseTo(0.02, 2);
  });

  test('has bills of one night, festivals of days and tours of one band, and more than a quarter of its concerts alone', () => {
    const concertsOf = Map.groupBy(concerts, ({ eventId }) => eventId);
    expect((concertsOf.get(null)?.length ?? 0) / concerts.length).toBeGreaterThan(0.25);
    const wrong: DemoEvent[] = [];
    for (const event of events) {
      const own = concertsOf.get(event.id) ?? [];
      const venueCount = new Set(own.map(({ venueId }) => venueId)).size;
      const bandCount = new Set(own.map(({ bandId }) => bandId)).size;
      const nights = new Set(own.map(({ date }) => date)).size;
      const spans =
        event.startDate === Math.min(...own.map(({ date }) => date)) &&
        event.endDate === Math.max(...own.map(({ date }) => date));
      const headlined = own[0]?.role === 'headliner' && own[0].billingIndex === 0;
      const days = (event.endDate - event.startDate) / 86_400_000;
      const fits = {
        bill: venueCount === 1 && bandCount === own.length && nights === 1,
        festival: venueCount === 1 && bandCount === own.length && days < 4,
        tour: bandCount === 1 && venueCount === own.length && days < 60,
      }[event.kind];
      if (!(spans && headlined && fits)) wrong.push(event);
    }
    expect(wrong).toEqual([]);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['bill', 'festival', 'tour']));
  });
});

test('100,000 bands have 100,000 names', () => {
  const { bands } = generateWorld({ concerts: 1, bands: 100_000 });
  expect(new Set(bands.map(({ name }) => name.toLowerCase())).size).toBe(100_000);
});
