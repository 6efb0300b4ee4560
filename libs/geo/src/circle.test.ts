import { describe, expect, test } from '@jest/globals';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { circleTest, distanceFrom, distanceKm, EARTH_RADIUS_KM, type Position } from './index.js';

const HALF_CIRCUMFERENCE_KM = Math.PI * EARTH_RADIUS_KM;
const KM_PER_DEGREE = HALF_CIRCUMFERENCE_KM / 180;
const paris: Position = { latitude: 48.857931, longitude: 2.350144 };

const random = xoroshiro128plus(20260104);
const between = (low: number, high: number): number => low + (high - low) * uniformFloat64(random);
const anywhere = (): Position => ({
  latitude: (Math.asin(between(-1, 1)) * 180) / Math.PI,
  longitude: between(-180, 180),
});
const near = ({ latitude, longitude }: Position, degrees: number): Position => ({
  latitude: Math.max(-90, Math.min(90, latitude + between(-degrees, degrees))),
  longitude: Math.max(-180, Math.min(180, longitude + between(-degrees, degrees))),
});
const antipode = ({ latitude, longitude }: Position): Position => ({
  latitude: -latitude,
  longitude: longitude > 0 ? longitude - 180 : longitude + 180,
});
/** Pairs over all magnitudes, from nanometres to antipodes. */
function* pairs(count: number): Generator<[Position, Position]> {
  for (let i = 0; i < count; i++) {
    const a = anywhere();
    const offset = 10 ** between(-9, 2);
    const choices: [Position, Position][] = [
      [a, anywhere()],
      [a, near(a, offset)],
      [a, near(antipode(a), offset)],
    ];
    yield* choices;
  }
}

/** The neighbouring doubles of a positive number, by its bits. */
const bits = new DataView(new ArrayBuffer(8));
function neighbour(value: number, step: 1n | -1n): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + step);
  return bits.getFloat64(0);
}

const contains = (center: Position, radiusKm: number, position: Position): boolean =>
  circleTest({ ...center, radiusKm })(position);

describe('distance', () => {
  test('is what the radius of the earth makes of known angles', () => {
    const origin = { latitude: 0, longitude: 0 };
    expect(distanceKm(origin, { latitude: 0, longitude: 1 })).toBeCloseTo(KM_PER_DEGREE, 9);
    expect(distanceKm(origin, { latitude: 90, longitude: 77 })).toBeCloseTo(HALF_CIRCUMFERENCE_KM / 2, 9);
    expect(distanceKm(origin, { latitude: 0, longitude: 180 })).toBeCloseTo(HALF_CIRCUMFERENCE_KM, 9);
    expect(distanceKm(paris, { latitude: 52.520008, longitude: 13.404954 })).toBeCloseTo(877.51, 2);
  });

  test('is exact to a micrometre for a millimetre and at a millimetre from the antipode', () => {
    const millimetreDegrees = 1e-6 / KM_PER_DEGREE;
    expect(
      distanceKm(paris, {
        ...paris,
        latitude: paris.latitude + millimetreDegrees,
      }),
    ).toBeCloseTo(1e-6, 9);
    const opposite = antipode(paris);
    expect(
      distanceKm(paris, {
        ...opposite,
        latitude: opposite.latitude + millimetreDegrees,
      }),
    ).toBeCloseTo(HALF_CIRCUMFERENCE_KM - 1e-6, 9);
  });

  test('is the same in both directions, prepared or not, and obeys the triangle inequality', () => {
    for (const [a, b] of pairs(2000)) {
      const c = anywhere();
      expect(distanceKm(a, b)).toBe(distanceKm(b, a));
      expect(distanceFrom(a)(b)).toBe(distanceKm(a, b));
      expect(distanceKm(a, c)).toBeLessThanOrEqual(distanceKm(a, b) + distanceKm(b, c) + 1e-9);
    }
  });

  test('agrees with the haversine formula where that one is accurate', () => {
    const radians = Math.PI / 180;
    for (let i = 0; i < 2000; i++) {
      const a = anywhere();
      const b = near(a, 20);
      const h =
        Math.sin(((b.latitude - a.latitude) * radians) / 2) ** 2 +
        Math.cos(a.latitude * radians) *
          Math.cos(b.latitude * radians) *
          Math.sin(((b.longitude - a.longitude) * radians) / 2) ** 2;
      expect(distanceKm(a, b)).toBeCloseTo(2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(h)), 8);
    }
  });

  test('is 0 for one physical point written in two ways', () => {
    for (const latitude of [90, -90]) expect(distanceKm({ latitude, longitude: 0 }, { latitude, longitude: 123.4 })).toBe(0);
    for (const latitude of [0, 51.5, -89.99])
      expect(distanceKm({ latitude, longitude: 180 }, { latitude, longitude: -180 })).toBe(0);
    expect(distanceKm({ latitude: -0, longitude: -0 }, { latitude: 0, longitude: 0 })).toBe(0);
  });
});

describe('a circle', () => {
  test('holds a venue exactly at its radius, and not when the radius is one ulp smaller', () => {
    for (const [center, venue] of pairs(3000)) {
      const radiusKm = distanceKm(center, venue);
      expect(contains(center, radiusKm, venue)).toBe(true);
      expect(contains(venue, radiusKm, center)).toBe(true);
      if (radiusKm === 0) continue;
      expect(contains(center, neighbour(radiusKm, 1n), venue)).toBe(true);
      expect(contains(center, neighbour(radiusKm, -1n), venue)).toBe(false);
    }
  });

  test('of radius 0 holds its own position only, at the poles and the antimeridian too', () => {
    for (let i = 0; i < 500; i++) {
      const center = anywhere();
      expect(contains(center, 0, { ...center })).toBe(true);
      expect(contains(center, 0, { ...center, latitude: center.latitude + 1e-9 })).toBe(false);
    }
    expect(
      contains({ latitude: 90, longitude: 10 }, 0, {
        latitude: 90,
        longitude: -170,
      }),
    ).toBe(true);
    expect(
      contains({ latitude: -90, longitude: 10 }, 0, {
        latitude: -90,
        longitude: 0,
      }),
    ).toBe(true);
    expect(
      contains({ latitude: -20, longitude: 180 }, 0, {
        latitude: -20,
        longitude: -180,
      }),
    ).toBe(true);
    expect(
      contains({ latitude: -20, longitude: 180 }, 0, {
        latitude: 20,
        longitude: 180,
      }),
    ).toBe(false);
  });

  test('of half the circumference or more holds everything', () => {
    for (let i = 0; i < 500; i++) {
      const center = anywhere();
      for (const radiusKm of [HALF_CIRCUMFERENCE_KM, 20_016, 1e9, Number.MAX_VALUE]) {
        expect(contains(center, radiusKm, anywhere())).toBe(true);
        expect(contains(center, radiusKm, antipode(center))).toBe(true);
      }
    }
  });

  test('over a pole or the antimeridian holds what is near on the other side', () => {
    expect(
      contains({ latitude: 89, longitude: 0 }, 230, {
        latitude: 89,
        longitude: 180,
      }),
    ).toBe(true);
    expect(
      contains({ latitude: 89, longitude: 0 }, 220, {
        latitude: 89,
        longitude: 180,
      }),
    ).toBe(false);
    expect(
      contains({ latitude: -17, longitude: 179.9 }, 30, {
        latitude: -17,
        longitude: -179.9,
      }),
    ).toBe(true);
    expect(
      contains({ latitude: -17, longitude: 179.9 }, 20, {
        latitude: -17,
        longitude: -179.9,
      }),
    ).toBe(false);
  });
});
