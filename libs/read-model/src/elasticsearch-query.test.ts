import { describe, expect, test } from '@jest/globals';
import { LIVE_FILTER } from '#search-index';
import { searchBody, searchByIdBody, versionSearch } from './elasticsearch-query.js';
import type { ConcertQuery } from './query.js';

const newest: ConcertQuery = { sort: '-date', limit: 20 };
/** What is asked for beside that the concert is live. */
function filterOf(query: Partial<ConcertQuery>) {
  const [live, ...others] = [searchBody({ ...newest, ...query }, { size: 21 })?.query?.bool?.filter ?? []].flat();
  expect(live).toEqual(LIVE_FILTER);
  return others;
}

describe('a search for concerts', () => {
  test('is in the order of dates, then ids, for whole documents, and counts nothing', () => {
    expect(searchBody({ ...newest, bandIds: [1, 2] }, { size: 21 })).toEqual({
      query: {
        bool: { filter: [LIVE_FILTER, { terms: { bandId: [1, 2] } }], must_not: [{ term: { status: 'cancelled' } }] },
      },
      sort: [{ date: 'desc' }, { id: 'desc' }],
      size: 21,
      track_total_hits: false,
    });
  });

  test('oldest first is the other way round, also by id', () => {
    expect(searchBody({ ...newest, sort: 'date' }, { size: 21 })?.sort).toEqual([{ date: 'asc' }, { id: 'asc' }]);
  });

  test('begins behind a concert, even one that is not there', () => {
    expect(searchBody(newest, { size: 21, after: { date: -5, id: 0 } })?.search_after).toEqual([-5, 0]);
    expect(searchBody(newest, { size: 21 })).not.toHaveProperty('search_after');
  });

  test('has all conditions at once', () => {
    expect(
      filterOf({
        bandIds: [1],
        venueIds: [2],
        eventIds: [3],
        circle: { latitude: 48, longitude: 2, radiusKm: 10 },
        from: { instant: 1_000 },
        to: { instant: 2_000 },
        status: 'cancelled',
      }),
    ).toEqual([
      { terms: { bandId: [1] } },
      { terms: { venueId: [2] } },
      { terms: { eventId: [3] } },
      { geo_distance: { distance: '10001m', location: { lat: 48, lon: 2 } } },
      { range: { date: { gte: 1_000, lt: 2_000 } } },
      { term: { status: 'cancelled' } },
    ]);
  });

  test('of any status has no condition for it', () => {
    const body = searchBody({ ...newest, bandIds: [1], status: 'any' }, { size: 21 });
    expect(body?.query?.bool).toEqual({ filter: [LIVE_FILTER, { terms: { bandId: [1] } }] });
  });

  test('leaves out ids that none can have, and is none where no other is left', () => {
    expect(filterOf({ bandIds: [0, 7, 2 ** 32, 10 ** 15] })).toEqual([{ terms: { bandId: [7] } }]);
    for (const name of ['bandIds', 'venueIds', 'eventIds']) {
      for (const ids of [[], [0], [10 ** 15]]) expect(searchBody({ ...newest, [name]: ids }, { size: 21 })).toBeUndefined();
    }
  });

  test('by a circle asks for a little more than it, and for any place where it is as large as the earth', () => {
    const circle = { latitude: 90, longitude: -180, radiusKm: 0 };
    const distanceOf = (radiusKm: number) => filterOf({ circle: { ...circle, radiusKm } });
    const within = (distance: string) => [{ geo_distance: { distance, location: { lat: 90, lon: -180 } } }];
    expect(distanceOf(0)).toEqual(within('1m'));
    expect(distanceOf(0.0001)).toEqual(within('2m'));
    expect(distanceOf(12.3456)).toEqual(within('12347m'));
    for (const radiusKm of [20_016, 1e300]) expect(distanceOf(radiusKm)).toEqual([{ exists: { field: 'location' } }]);
  });

  test('by local days asks for the days of every zone', () => {
    const hour = 3_600_000;
    const [first, behind] = [Date.UTC(2024, 4, 1), Date.UTC(2024, 4, 3)];
    expect(filterOf({ from: { localDate: '2024-05-01' }, to: { localDate: '2024-05-02' } })).toEqual([
      { range: { date: { gte: first - 14 * hour, lt: behind + 12 * hour } } },
    ]);
    expect(filterOf({ from: { localDate: '2024-05-01' } })).toEqual([{ range: { date: { gte: first - 14 * hour } } }]);
    expect(filterOf({ to: { localDate: '2024-05-02' } })).toEqual([{ range: { date: { lt: behind + 12 * hour } } }]);
  });

  test('by id looks at nothing else', () => {
    expect(searchByIdBody(5)?.query).toEqual({ bool: { filter: [LIVE_FILTER, { term: { id: 5 } }] } });
    expect(searchByIdBody(0)).toBeUndefined();
    expect(searchByIdBody(10 ** 15)).toBeUndefined();
  });
});

describe('a search for a version', () => {
  test('of a concert must find it, or its tombstone, at that or a higher one', () => {
    expect(versionSearch({ kind: 'concert', id: 123, version: 7 })).toMatchObject({
      body: { query: { bool: { filter: [{ term: { id: 123 } }, { range: { concertVersion: { gte: 7 } } }] } } },
      isThereWhen: 'found',
    });
  });

  test.each(['band', 'venue', 'event'] as const)('of a %s must find no live concert of it at a lower one', (kind) => {
    expect(versionSearch({ kind, id: 5, version: 2 })).toMatchObject({
      body: {
        query: { bool: { filter: [LIVE_FILTER, { term: { [`${kind}Id`]: 5 } }, { range: { [`${kind}Version`]: { lt: 2 } } }] } },
      },
      isThereWhen: 'notFound',
    });
  });
});
