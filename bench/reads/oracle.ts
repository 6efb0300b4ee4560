import { MAX_PAGE_SIZE } from '#contracts';
import { circleTest } from '#geo';
import type { BenchQuery } from './workloads.js';
import { type BenchWorld, type PlacedVenue, type PlayedConcert, readWorld } from './worlds.js';

/** The right answers, by looking at every concert of a world. */
export class Oracle {
  private constructor(
    private readonly venues: readonly PlacedVenue[],
    private readonly newestFirst: readonly PlayedConcert[],
  ) {}

  static async of(world: BenchWorld): Promise<Oracle> {
    const { venues, concerts } = await readWorld(world);
    return new Oracle(
      venues,
      concerts.sort((a, b) => b.date - a.date || b.id - a.id),
    );
  }

  ids(query: BenchQuery): number[] {
    const { limit = MAX_PAGE_SIZE } = query;
    const conditions = this.conditionsOf(query);
    const ids: number[] = [];
    for (const concert of this.newestFirst) {
      if (ids.length === limit) break;
      if (conditions.every((holds) => holds(concert))) ids.push(concert.id);
    }
    return ids;
  }

  venuesIn(circle: NonNullable<BenchQuery['circle']>): number {
    return this.venues.filter(circleTest(circle)).length;
  }

  private conditionsOf({ bandIds, circle, from, to, status, after }: BenchQuery): Condition[] {
    const bands = bandIds && new Set(bandIds);
    const venues = circle && new Set(this.venues.filter(circleTest(circle)).map(({ id }) => id));
    const conditions: (Condition | undefined)[] = [
      (concert) => (status ? concert.status === status : concert.status !== 'cancelled'),
      bands && (({ bandId }) => bands.has(bandId)),
      venues && (({ venueId }) => venues.has(venueId)),
      from === undefined ? undefined : ({ date }) => date >= from,
      to === undefined ? undefined : ({ date }) => date < to,
      after && (({ date, id }) => date < after.date || (date === after.date && id < after.id)),
    ];
    return conditions.filter((condition) => condition !== undefined);
  }
}

type Condition = (concert: PlayedConcert) => boolean;
