import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Area, Circle, VenueRow } from '#contracts';
import { boxContains, circleTest, distanceKm, type Position } from '#geo';
import { openVenueStore } from '../src/index.js';
import { past, type StoreUnderTest, soon, storeForTests } from './place.js';
import { Random } from './random.js';

const SEED = 20_261_121;
const ALL = 65_536;
const HALF_CIRCUMFERENCE_KM = 20_038;
const PARIS = { latitude: 48.857931, longitude: 2.350144 };

/** Venues all over the earth, dense in a few cities, and where a circle or a box may go wrong. */
function makeVenues(random: Random): (VenueRow & { id: number })[] {
  const degrees = (low: number, high: number) => random.between(low * 1e6, high * 1e6) / 1e6;
  const cities: Position[] = [
    PARIS,
    { latitude: 0, longitude: 180 },
    { latitude: -16.5, longitude: -179.99 },
    { latitude: 89.9, longitude: 10 },
  ];
  const special: Position[] = [
    ...[-180, -90, 0, 90, 180].flatMap((longitude) => [-90, -45, 0, 45, 90].map((latitude) => ({ latitude, longitude }))),
    { latitude: 10, longitude: 179.9999999 },
    { latitude: 10, longitude: -179.9999999 },
    { latitude: -0, longitude: -0 },
    PARIS,
  ];
  const spread = Array.from({ length: 500 }, () => ({ latitude: degrees(-90, 90), longitude: degrees(-180, 180) }));
  const clustered = Array.from({ length: 900 }, () => {
    const city = random.pick(cities);
    const longitude = city.longitude + degrees(-1, 1);
    return {
      latitude: Math.min(90, city.latitude + degrees(-1, 1)),
      longitude: longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude,
    };
  });
  const names = ['Club', 'CLÜB', 'Arena', 'Ärena', 'Bar'];
  return [...special, ...spread, ...clustered].map((position, index) => ({
    id: index + 1,
    name: `${random.pick(names)} ${index}`,
    ...position,
  }));
}

export function venuesContract(store: StoreUnderTest): void {
  const stored = storeForTests(store, 'venues', openVenueStore);
  const random = new Random(SEED);
  const venues = makeVenues(random);
  const idsIn = async (area: Area) => (await stored().idsWithin({ area, limit: ALL }, soon())).items;
  const expectedIn = (area: Area) => {
    const contains = 'circle' in area ? circleTest(area.circle) : (position: Position) => boxContains(area.box, position);
    return venues.filter(contains).map(({ id }) => id);
  };
  const expectSame = async (area: Area) => expect({ area, ids: await idsIn(area) }).toEqual({ area, ids: expectedIn(area) });

  beforeAll(async () => {
    for (let at = 0; at < venues.length; at += 500) await stored().upsert(venues.slice(at, at + 500), soon());
  });

  test.each<[string, Circle]>([
    ['the north pole', { latitude: 90, longitude: 77, radiusKm: 500 }],
    ['the south pole', { latitude: -90, longitude: 0, radiusKm: 0 }],
    ['near a pole', { latitude: 89.5, longitude: -170, radiusKm: 120 }],
    ['the date line', { latitude: 0, longitude: 179.99, radiusKm: 100 }],
    ['the date line from the other side', { latitude: -16.5, longitude: -179.999, radiusKm: 30 }],
    ['on the date line', { latitude: 0, longitude: -180, radiusKm: 0 }],
    ['a quarter of the earth', { latitude: 10, longitude: 20, radiusKm: 10_000 }],
    ['half the earth', { latitude: 10, longitude: 20, radiusKm: 10_007.6 }],
    ['nearly all of the earth', { latitude: 10, longitude: 20, radiusKm: 19_000 }],
    ['all of the earth', { latitude: 10, longitude: 20, radiusKm: HALF_CIRCUMFERENCE_KM }],
    ['more than the earth', { latitude: 10, longitude: 20, radiusKm: 1e9 }],
    ['nothing', { latitude: -60.123, longitude: -100.123, radiusKm: 0 }],
  ])('a circle: %s', async (_, circle) => {
    await expectSame({ circle });
  });

  test('circles of every size, wherever', async () => {
    for (let i = 0; i < 60; i++) {
      const { latitude, longitude } = random.pick(venues);
      await expectSame({ circle: { latitude, longitude, radiusKm: random.pick([0, 0.001, 1, 10, 50, 500, 3_000]) } });
    }
  });

  test('a venue exactly at the radius is inside, and one ulp less leaves it out', async () => {
    for (let i = 0; i < 60; i++) {
      const center = { latitude: random.between(-90, 90), longitude: random.between(-180, 180) };
      const venue = random.pick(venues);
      const exact = distanceKm(center, venue);
      const [smaller, larger] = [nextDown(exact), nextUp(exact)];
      expect(await idsIn({ circle: { ...center, radiusKm: exact } })).toContain(venue.id);
      expect(await idsIn({ circle: { ...center, radiusKm: larger } })).toContain(venue.id);
      if (smaller >= 0) expect(await idsIn({ circle: { ...center, radiusKm: smaller } })).not.toContain(venue.id);
    }
  });

  test('a radius of 0 holds what is exactly there', async () => {
    const there = venues.filter(({ latitude, longitude }) => latitude === PARIS.latitude && longitude === PARIS.longitude);
    expect(await idsIn({ circle: { ...PARIS, radiusKm: 0 } })).toEqual(there.map(({ id }) => id));
  });

  test.each([
    ['of the whole earth', { west: -180, south: -90, east: 180, north: 90 }],
    ['across the date line', { west: 179, south: -20, east: -179, north: 20 }],
    ['that ends at the date line', { west: 170, south: -90, east: 180, north: 90 }],
    ['that begins at the date line', { west: -180, south: -90, east: -170, north: 90 }],
    ['that is the date line', { west: 180, south: -90, east: -180, north: 90 }],
    ['of one point', { west: 0, south: 0, east: 0, north: 0 }],
    ['around a pole', { west: -180, south: 89, east: 180, north: 90 }],
    ['all but a strip', { west: 10, south: -90, east: 9, north: 90 }],
    ['wide and flat', { west: -100, south: 48.8, east: 100, north: 48.9 }],
    ['upside down', { west: 0, south: 50, east: 10, north: 40 }],
  ])('a box %s', async (_, box) => {
    await expectSame({ box });
  });

  test('boxes whose corners are venues', async () => {
    for (let i = 0; i < 60; i++) {
      const [a, b] = [random.pick(venues), random.pick(venues)];
      const south = Math.min(a.latitude, b.latitude);
      await expectSame({ box: { west: a.longitude, south, east: b.longitude, north: Math.max(a.latitude, b.latitude) } });
    }
  });

  test('ids come in pages', async () => {
    const area = { circle: { ...PARIS, radiusKm: 60 } };
    const found: number[] = [];
    for (let afterId = 0; ; afterId = found.at(-1) ?? 0) {
      const { items } = await stored().idsWithin({ area, ...(afterId > 0 && { afterId }), limit: 7 }, soon());
      found.push(...items);
      if (items.length < 7) break;
    }
    expect(found).toEqual(expectedIn(area));
  });

  test('a small circle reads little of the index', async () => {
    for (const radiusKm of [0, 1, 10, 30]) {
      const { items, entriesRead } = await stored().idsWithin({ area: { circle: { ...PARIS, radiusKm } }, limit: ALL }, soon());
      expect(entriesRead).toBeLessThanOrEqual(3 * items.length + 100);
    }
  });

  test('a moved venue is found where it is', async () => {
    const { id, name } = { id: 90_000, name: 'On wheels' };
    await stored().upsert([{ id, name, latitude: -70, longitude: 100 }], soon());
    await stored().upsert([{ id, name, latitude: -71, longitude: -100 }], soon());
    expect(await idsIn({ circle: { latitude: -70, longitude: 100, radiusKm: 1 } })).not.toContain(id);
    expect(await idsIn({ circle: { latitude: -71, longitude: -100, radiusKm: 0 } })).toContain(id);
    venues.push({ id, name, latitude: -71, longitude: -100 });
  });

  describe('nearest first', () => {
    const nearest = (circle: Circle, prefix = '') =>
      venues
        .filter(
          (venue) =>
            circleTest(circle)(venue) &&
            venue.name
              .normalize('NFKD')
              .replace(/\p{Mn}/gu, '')
              .toLowerCase()
              .startsWith(prefix),
        )
        .map((venue) => ({ id: venue.id, distanceKm: distanceKm(circle, venue) }))
        .sort((a, b) => a.distanceKm - b.distanceKm || a.id - b.id);
    const circle = { latitude: 0, longitude: 179.5, radiusKm: 300 };

    test.each([undefined, 'club', 'ARENA', 'nothing'])('in pages, of those whose name begins with %s', async (name) => {
      const found: { id: number; distanceKm: number }[] = [];
      for (;;) {
        const after = found.at(-1);
        const page = await stored().near({ circle, ...(name && { name }), ...(after && { after }), limit: 13 }, soon());
        found.push(...page.map(({ venue, distanceKm }) => ({ id: venue.id, distanceKm })));
        if (page.length < 13) break;
      }
      expect(found).toEqual(nearest(circle, name?.toLowerCase()));
    });

    test('venues at one place come by id', async () => {
      const pole = { latitude: 90, longitude: 0, radiusKm: 0 };
      const found = await stored().near({ circle: pole, limit: 1_000 }, soon());
      expect(found.map(({ venue }) => venue.id)).toEqual(nearest(pole).map(({ id }) => id));
      expect(found.length).toBeGreaterThan(1);
    });
  });

  test('what is late is Timeout', async () => {
    const timeout = expect.objectContaining({ code: 'Timeout' });
    const circle = { ...PARIS, radiusKm: 1 };
    await expect(stored().idsWithin({ area: { circle }, limit: 1 }, past)).rejects.toEqual(timeout);
    await expect(stored().near({ circle, limit: 1 }, past)).rejects.toEqual(timeout);
  });
}

function neighbour(value: number, step: bigint): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + step);
  return bits.getFloat64(0);
}
const nextUp = (value: number) => neighbour(value, 1n);
const nextDown = (value: number) => (value === 0 ? -1 : neighbour(value, -1n));
