import { describe, expect, test } from '@jest/globals';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Box, boundingBoxes, boxContains, type Circle, circleTest, EARTH_RADIUS_KM, type Position } from './index.js';

const random = xoroshiro128plus(20260105);
const between = (low: number, high: number): number => low + (high - low) * uniformFloat64(random);

const corners: Position[] = [
  { latitude: 0, longitude: 0 },
  { latitude: 0, longitude: 180 },
  { latitude: 0, longitude: -180 },
  { latitude: 90, longitude: 0 },
  { latitude: -90, longitude: 12 },
  { latitude: 89.9999, longitude: 179.9999 },
  { latitude: -89.9999, longitude: -179.9999 },
  { latitude: 60, longitude: -180 },
];

function* circles(count: number): Generator<Circle> {
  for (const center of corners)
    for (const radiusKm of [0, 1e-6, 0.011, 10, 700, 9000, 20_000, 20_016]) yield { ...center, radiusKm };
  for (let i = 0; i < count; i++) {
    yield {
      latitude: (Math.asin(between(-1, 1)) * 180) / Math.PI,
      longitude: between(-180, 180),
      radiusKm: 10 ** between(-4, 4.4),
    };
  }
}

/** Where one arrives from a position after a distance in a direction (spherical direct problem). */
function destination(start: Position, distanceKm: number, bearing: number): Position {
  const radians = Math.PI / 180;
  const angle = Math.min(distanceKm / EARTH_RADIUS_KM, Math.PI);
  const phi = start.latitude * radians;
  const sinLatitude = Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing);
  const turn = Math.atan2(Math.sin(bearing) * Math.sin(angle) * Math.cos(phi), Math.cos(angle) - Math.sin(phi) * sinLatitude);
  const longitude = start.longitude + turn / radians;
  return {
    latitude: Math.asin(Math.max(-1, Math.min(1, sinLatitude))) / radians,
    longitude: longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude,
  };
}

const inOneOf = (boxes: Box[], position: Position): boolean => boxes.some((box) => boxContains(box, position));

describe('the bounding boxes of a circle', () => {
  test('are one or two, within the world, and none crosses the antimeridian', () => {
    for (const circle of circles(3000)) {
      const boxes = boundingBoxes(circle);
      expect([1, 2]).toContain(boxes.length);
      for (const { west, south, east, north } of boxes) {
        expect(-180 <= west && west <= east && east <= 180).toBe(true);
        expect(-90 <= south && south <= north && north <= 90).toBe(true);
      }
    }
  });

  test('hold every position of the circle widened by a metre, also when both sides are rounded to 32-bit floats', () => {
    const missed: object[] = [];
    for (const circle of circles(1500)) {
      const boxes = boundingBoxes(circle);
      const rounded = boxes.map(({ west, south, east, north }) => ({
        west: Math.fround(west),
        south: Math.fround(south),
        east: Math.fround(east),
        north: Math.fround(north),
      }));
      for (let i = 0; i < 40; i++) {
        const distanceKm = i % 2 ? circle.radiusKm + 0.001 : circle.radiusKm * between(0, 1);
        const position = destination(circle, distanceKm, i % 8 ? between(0, 2 * Math.PI) : ((i / 8) * Math.PI) / 2);
        const stored = {
          latitude: Math.fround(position.latitude),
          longitude: Math.fround(position.longitude),
        };
        if (!inOneOf(boxes, position) || !inOneOf(rounded, stored)) missed.push({ circle, position });
      }
    }
    expect(missed).toEqual([]);
  });

  test('touch the circle widened by a metre on all four sides, so they are no wider than need be', () => {
    for (const circle of circles(1500)) {
      const boxes = boundingBoxes(circle);
      const wider = circleTest({
        ...circle,
        radiusKm: circle.radiusKm + 0.011,
      });
      if (boxes.length === 2 || boxes[0]?.west === -180) continue;
      const [box = { west: 0, south: 0, east: 0, north: 0 }] = boxes;
      expect(wider({ latitude: box.south, longitude: circle.longitude })).toBe(true);
      expect(wider({ latitude: box.north, longitude: circle.longitude })).toBe(true);
      const angle = (circle.radiusKm + 0.001) / EARTH_RADIUS_KM;
      const touchLatitude = (Math.asin(Math.sin((circle.latitude * Math.PI) / 180) / Math.cos(angle)) * 180) / Math.PI;
      expect(wider({ latitude: touchLatitude, longitude: box.west })).toBe(true);
      expect(wider({ latitude: touchLatitude, longitude: box.east })).toBe(true);
    }
  });

  test('take every longitude around a pole, and both ends of the antimeridian', () => {
    expect(boundingBoxes({ latitude: 89.95, longitude: 30, radiusKm: 10 })).toEqual([
      { west: -180, south: expect.any(Number), east: 180, north: 90 },
    ]);
    const boxes = boundingBoxes({ latitude: -17, longitude: 180, radiusKm: 0 });
    expect(boxes).toHaveLength(2);
    expect(inOneOf(boxes, { latitude: -17, longitude: 180 })).toBe(true);
    expect(inOneOf(boxes, { latitude: -17, longitude: -180 })).toBe(true);
    expect(boundingBoxes({ latitude: 5, longitude: 5, radiusKm: 20_016 })).toEqual([
      { west: -180, south: -90, east: 180, north: 90 },
    ]);
  });
});

describe('a box', () => {
  test('holds its edges and corners', () => {
    const box: Box = { west: 2, south: 48, east: 3, north: 49 };
    for (const longitude of [2, 2.5, 3])
      for (const latitude of [48, 48.5, 49]) expect(boxContains(box, { latitude, longitude })).toBe(true);
    expect(boxContains(box, { latitude: 47.999, longitude: 2.5 })).toBe(false);
    expect(boxContains(box, { latitude: 49.001, longitude: 2.5 })).toBe(false);
    expect(boxContains(box, { latitude: 48.5, longitude: 1.999 })).toBe(false);
    expect(boxContains(box, { latitude: 48.5, longitude: 3.001 })).toBe(false);
  });

  test('whose west is greater than its east crosses the antimeridian', () => {
    const fiji: Box = { west: 177, south: -20, east: -178, north: -12 };
    for (const longitude of [177, 180, -180, -178]) expect(boxContains(fiji, { latitude: -17, longitude })).toBe(true);
    for (const longitude of [176.9, -177.9, 0]) expect(boxContains(fiji, { latitude: -17, longitude })).toBe(false);
  });

  test('that ends at one name of the antimeridian holds the other', () => {
    const eastern: Box = { west: 170, south: -1, east: 180, north: 1 };
    const western: Box = { west: -180, south: -1, east: -170, north: 1 };
    for (const longitude of [180, -180]) {
      expect(boxContains(eastern, { latitude: 0, longitude })).toBe(true);
      expect(boxContains(western, { latitude: 0, longitude })).toBe(true);
    }
    expect(boxContains(eastern, { latitude: 0, longitude: -179.9 })).toBe(false);
  });
});
