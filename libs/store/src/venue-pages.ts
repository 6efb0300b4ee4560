import { setImmediate } from 'node:timers/promises';
import { type Area, type Circle, type DistanceKey, folded, type Venue } from '#contracts';
import { type Box, boxContains, circleTest, distanceFrom, type Position } from '#geo';

/** Venues read together, at most: a few milliseconds, after which other calls are let in. */
const CHUNK = 500;

/** A venue as an index of positions knows it. */
export interface Placed extends Position {
  id: number;
}

/** What decides whether a venue is in an area, whatever an index took in. */
export const areaTest = (area: Area): ((position: Position) => boolean) =>
  'circle' in area ? circleTest(area.circle) : (position) => boxContains(area.box, position);

/** One page of the ids of venues, ascending. */
export const idPage = (placed: readonly Placed[], { afterId = 0, limit }: { afterId?: number; limit: number }): number[] =>
  placed
    .map(({ id }) => id)
    .filter((id) => id > afterId)
    .sort((a, b) => a - b)
    .slice(0, limit);

/**
 * One page of venues in the order of their distance, then of their ids.
 * @param placed all venues of the circle
 * @param byIds the venues of the ids, in any order; it ends with `Timeout` when there is no time left
 */
export async function nearestPage(
  placed: readonly Placed[],
  { circle, name, after, limit }: { circle: Circle; name?: string; after?: DistanceKey; limit: number },
  byIds: (ids: number[]) => Promise<Venue[]>,
): Promise<{ venue: Venue; distanceKm: number }[]> {
  const distanceTo = distanceFrom(circle);
  const rest = placed
    .map((one) => ({ id: one.id, distanceKm: distanceTo(one) }))
    .filter((one) => !after || one.distanceKm > after.distanceKm || (one.distanceKm === after.distanceKm && one.id > after.id))
    .sort((a, b) => a.distanceKm - b.distanceKm || a.id - b.id);
  const prefix = folded(name ?? '');
  const page: { venue: Venue; distanceKm: number }[] = [];
  // Where no name decides which of the near ones are meant, the nearest are the page.
  const size = name === undefined ? Math.min(limit, CHUNK) : CHUNK;
  for (let start = 0; start < rest.length && page.length < limit; start += size) {
    if (start > 0) await setImmediate();
    const chunk = rest.slice(start, start + size);
    const venues = new Map((await byIds(chunk.map(({ id }) => id))).map((venue) => [venue.id, venue]));
    for (const { id, distanceKm } of chunk) {
      const venue = venues.get(id);
      if (venue && page.length < limit && folded(venue.name).startsWith(prefix)) page.push({ venue, distanceKm });
    }
  }
  return page;
}

/**
 * The boxes to look into for a box that may cross the date line or touch it: -180 and 180 are one meridian, and an index
 * of plain numbers knows nothing of it.
 */
export function unwrapped(box: Box): Box[] {
  const halves =
    box.west <= box.east
      ? [box]
      : [
          { ...box, east: 180 },
          { ...box, west: -180 },
        ];
  const meridians = [
    ...(halves.some(({ east }) => east === 180) ? [{ ...box, west: -180, east: -180 }] : []),
    ...(halves.some(({ west }) => west === -180) ? [{ ...box, west: 180, east: 180 }] : []),
  ];
  return [...halves, ...meridians];
}
