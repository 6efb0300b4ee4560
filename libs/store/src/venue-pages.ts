import { type DistanceKey, folded, type Venue } from '#contracts';

/** Venues looked at together when a name decides which of the near ones are meant. */
const CHUNK = 500;

export interface Near {
  id: number;
  distanceKm: number;
}

/**
 * One page of venues in the order of their distance.
 * @param nearest all within the circle, ordered by distance, then id
 * @param byIds the venues of the ids, in any order
 */
export async function nearestPage(
  nearest: readonly Near[],
  { name, after, limit }: { name?: string; after?: DistanceKey; limit: number },
  byIds: (ids: number[]) => Promise<Venue[]>,
): Promise<{ venue: Venue; distanceKm: number }[]> {
  const rest = after
    ? nearest.filter((one) => one.distanceKm > after.distanceKm || (one.distanceKm === after.distanceKm && one.id > after.id))
    : nearest;
  const prefix = folded(name ?? '');
  const page: { venue: Venue; distanceKm: number }[] = [];
  for (let start = 0; start < rest.length && page.length < limit; start += CHUNK) {
    const chunk = rest.slice(start, start + CHUNK);
    const venues = new Map((await byIds(chunk.map(({ id }) => id))).map((venue) => [venue.id, venue]));
    for (const { id, distanceKm } of chunk) {
      const venue = venues.get(id);
      if (venue && page.length < limit && folded(venue.name).startsWith(prefix)) page.push({ venue, distanceKm });
    }
  }
  return page;
}
