import { type Circle, EARTH_RADIUS_KM, type Position } from './circle.js';

/** A box in degrees, its edges inside. `west` > `east` crosses the antimeridian (OGC order: west, south, east, north). */
export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** An index is asked for 1 m more than the circle: its own arithmetic may differ a little, and `circleTest` decides. */
const INDEX_MARGIN_KM = 0.001;

/**
 * An R*Tree holds 32-bit floats, which near 180 degrees are 2^-16 apart: one step for the stored coordinate and one for the
 * bound it is compared with. (At the equator one step is 1.7 m, more than the margin.)
 */
const FLOAT_MARGIN_DEGREES = 2 ** -15;

const DEGREES_PER_RADIAN = 180 / Math.PI;

/**
 * The one or two boxes that surely hold the circle and a metre around it, also where an index rounds to 32-bit floats.
 * No box crosses the antimeridian: where the circle does, one ends at 180 and one begins at -180. A circle that holds a
 * pole takes every longitude.
 */
export function boundingBoxes(circle: Circle): Box[] {
  const angle = (circle.radiusKm + INDEX_MARGIN_KM) / EARTH_RADIUS_KM;
  const heightDegrees = angle * DEGREES_PER_RADIAN + FLOAT_MARGIN_DEGREES;
  const south = Math.max(-90, circle.latitude - heightDegrees);
  const north = Math.min(90, circle.latitude + heightDegrees);
  if (south === -90 || north === 90) return [{ west: -180, south, east: 180, north }];

  // The meridians that touch the circle do so nearer to the pole than its center, where the sines make a right spherical triangle.
  const sine = Math.sin(angle) / Math.cos(circle.latitude / DEGREES_PER_RADIAN);
  const widthDegrees = Math.asin(Math.min(1, sine)) * DEGREES_PER_RADIAN + FLOAT_MARGIN_DEGREES;
  const west = circle.longitude - widthDegrees;
  const east = circle.longitude + widthDegrees;
  if (west < -180) return splitAtAntimeridian({ west: west + 360, south, east, north });
  if (east > 180) return splitAtAntimeridian({ west, south, east: east - 360, north });
  return [{ west, south, east, north }];
}

/** Whether a position is inside the box. Its edges are inside, and longitudes -180 and 180 are one meridian. */
export function boxContains(box: Box, { latitude, longitude }: Position): boolean {
  if (latitude < box.south || latitude > box.north) return false;
  return spansLongitude(box, longitude) || (Math.abs(longitude) === 180 && spansLongitude(box, -longitude));
}

const splitAtAntimeridian = ({ west, south, east, north }: Box): Box[] => [
  { west, south, east: 180, north },
  { west: -180, south, east, north },
];

const spansLongitude = ({ west, east }: Box, longitude: number): boolean =>
  west <= east ? west <= longitude && longitude <= east : west <= longitude || longitude <= east;
