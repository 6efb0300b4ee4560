/** A point on the earth in degrees: latitude -90 to 90, longitude -180 to 180. */
export interface Position {
  latitude: number;
  longitude: number;
}

/** All that is at most `radiusKm` away, along the great circle, from a center in degrees. */
export interface Circle extends Position {
  radiusKm: number;
}

/** The mean radius R1 of the WGS 84 ellipsoid (IUGG), which makes the earth a sphere. */
export const EARTH_RADIUS_KM = 6371.0088;

/** The great-circle distance in kilometres: 0 to `Math.PI * EARTH_RADIUS_KM`, the same in both directions. */
export const distanceKm = (a: Position, b: Position): number => distanceFrom(a)(b);

/**
 * Whether a position is inside the circle, prepared for asking it of many. The edge is inside.
 *
 * It compares the very distance that is shown, so a circle whose radius is `distanceKm(center, venue)` holds the venue, one whose
 * radius is the next smaller double does not, and an order by distance never contradicts membership.
 */
export function circleTest(circle: Circle): (position: Position) => boolean {
  const distanceTo = distanceFrom(circle);
  return (position) => distanceTo(position) <= circle.radiusKm;
}

/**
 * `distanceKm` from one center, prepared for asking it of many positions.
 *
 * For unit vectors u and v it is 2R atan2(|u - v|, |u + v|). The arcsine of the chord |u - v| alone cannot tell distances within
 * 20 cm of the antipode from one another, the arccosine of the scalar product none below 10 cm.
 * Source: W. Kahan, "How Futile are Mindless Assessments of Roundoff in Floating-Point Computation?", section 12.
 */
export function distanceFrom(center: Position): (position: Position) => number {
  const u = unitVector(center);
  return (position) => {
    const v = unitVector(position);
    const chord = length(u.x - v.x, u.y - v.y, u.z - v.z);
    const antipodalChord = length(u.x + v.x, u.y + v.y, u.z + v.z);
    return 2 * EARTH_RADIUS_KM * Math.atan2(chord, antipodalChord);
  };
}

const RADIANS_PER_DEGREE = Math.PI / 180;

/** One physical point has one vector: the sine and cosine of 90 and 180 degrees are off by 1e-16, so these are set. */
function unitVector({ latitude, longitude }: Position): { x: number; y: number; z: number } {
  const phi = latitude * RADIANS_PER_DEGREE;
  const lambda = (longitude === -180 ? 180 : longitude) * RADIANS_PER_DEGREE;
  const cosPhi = Math.abs(latitude) === 90 ? 0 : Math.cos(phi);
  return { x: cosPhi * Math.cos(lambda), y: cosPhi * Math.sin(lambda), z: Math.sin(phi) };
}

const length = (x: number, y: number, z: number): number => Math.sqrt(x * x + y * y + z * z);
