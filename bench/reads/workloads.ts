import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Circle, DateKey } from '#contracts';
import type { Position } from '#geo';
import { type BenchWorld, closedRegion, type PlayedConcert, sampleConcerts } from './worlds.js';

/** A search as the oracle and the URL need it; the times are instants, `to` is exclusive. */
export interface BenchQuery {
  bandIds?: number[];
  circle?: Circle;
  from?: number;
  to?: number;
  status?: 'cancelled' | 'postponed';
  limit?: number;
  /** The page begins behind it: a cursor is made for it. */
  after?: DateKey;
}

export interface Workload {
  name: string;
  queries: BenchQuery[];
}

const PAGE_SIZE = 20;
const DAY_MS = 86_400_000;
const SAMPLED_CONCERTS = 2_000;
const SEED = 2;

/** The middle of the twenty years of a generated world. */
const MIDDLE: DateKey = { date: Date.UTC(2020, 0, 1), id: 1 };
/** The answer of 935 rows over the concerts that the original system was made for. */
const PARIS: Circle = { latitude: 48.857931, longitude: 2.350144, radiusKm: 10 };
const PARIS_ROWS = 935;

/** The workloads of a world of any size, each with `count` queries by chance, the same in every run. */
export async function workloadsOf(world: BenchWorld, count: number): Promise<Workload[]> {
  const draw = new Draw(world.cities, await sampleConcerts(world, SAMPLED_CONCERTS));
  const page = (name: string, query: () => BenchQuery): Workload => ({
    name,
    queries: Array.from({ length: count }, () => ({ limit: PAGE_SIZE, ...query() })),
  });
  const { latitude, longitude, neverPlayedBands } = closedRegion;
  const closed = () => ({ latitude, longitude, radiusKm: draw.between(100, 120) });
  return [
    page('one band', () => ({ bandIds: draw.bands(1) })),
    page('ten bands', () => ({ bandIds: draw.bands(10) })),
    page('10 km', () => ({ circle: draw.circle(10) })),
    page('50 km', () => ({ circle: draw.circle(50) })),
    page('500 km', () => ({ circle: draw.circle(500) })),
    page('500 km, 30 days', () => ({ circle: draw.circle(500), ...draw.days(30) })),
    page('500 km, deep cursor', () => ({ circle: draw.circle(500), after: MIDDLE })),
    page('5 bands, 50 km', () => ({ bandIds: draw.bands(5), circle: draw.circle(50) })),
    page('300 venues that closed', () => ({ circle: closed() })),
    page('5 bands that never played there', () => ({
      bandIds: Array.from({ length: 5 }, (_, i) => 2 * i + draw.between(1, neverPlayedBands / 5)),
      circle: closed(),
    })),
    page('cancelled, from', () => ({ status: 'cancelled', from: draw.date() })),
    page('postponed, 50 km', () => ({ status: 'postponed', circle: draw.circle(50) })),
    page('Paris 10 km, 935 rows', () => ({ circle: PARIS, limit: PARIS_ROWS })),
    wholeParis(count),
  ];
}

/** Small circles in a world of many venues. */
export function smallCircles({ venues }: BenchWorld, count: number): Workload {
  const draw = new Draw(venues, []);
  return {
    name: '1 km among many venues',
    queries: Array.from({ length: count }, () => ({ circle: draw.circle(1), limit: PAGE_SIZE })),
  };
}

/** The whole answer around Paris: as many rows as a world has there. */
export function wholeParis(count: number, name = 'Paris 10 km, whole'): Workload {
  return { name, queries: Array.from({ length: count }, () => ({ circle: PARIS })) };
}

class Draw {
  readonly #bits = xoroshiro128plus(SEED);

  constructor(
    readonly centers: readonly Position[],
    readonly concerts: readonly PlayedConcert[],
  ) {}

  between = (low: number, high: number): number => uniformInt(this.#bits, low, high);

  circle(radiusKm: number): Circle {
    const { latitude, longitude } = this.#pick(this.centers);
    return { latitude, longitude, radiusKm };
  }

  bands(count: number): number[] {
    const bandIds = new Set<number>();
    while (bandIds.size < count) bandIds.add(this.#pick(this.concerts).bandId);
    return [...bandIds];
  }

  date = (): number => this.#pick(this.concerts).date;

  days(count: number): { from: number; to: number } {
    const from = this.date();
    return { from, to: from + count * DAY_MS };
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }
}

/** The path and query of the request for a search, without its cursor. */
export function pathOf({ bandIds, circle, from, to, status, limit }: BenchQuery): string {
  const query = new URLSearchParams({
    ...(bandIds && { bandIds: bandIds.join(',') }),
    ...(circle && { latitude: String(circle.latitude), longitude: String(circle.longitude), radius: String(circle.radiusKm) }),
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(to !== undefined && { to: new Date(to).toISOString() }),
    ...(status && { status }),
    ...(limit !== undefined && { limit: String(limit) }),
  });
  return `/concerts?${query}`;
}
