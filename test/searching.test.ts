import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Rows } from '../bench/support/load-rows.js';
import { System } from './support/system.js';

const HOUR_MS = 3_600_000;
const evening = Date.UTC(2024, 4, 1, 20);

const rows = {
  bands: [
    { id: 1, name: 'The Rivers' },
    { id: 2, name: 'Motörcade' },
    { id: 3, name: 'The Unheard' },
    { id: 4, name: 'Far Away' },
  ],
  venues: [
    { id: 1, name: 'Olympia', latitude: 48.87, longitude: 2.328, city: 'Paris', country: 'FR' },
    { id: 2, name: 'Bercy', latitude: 48.8386, longitude: 2.3786, city: 'Paris', country: 'FR' },
    { id: 3, name: 'Lagoon', latitude: 1.87, longitude: -157.4, timeZone: 'Pacific/Kiritimati' },
    { id: 4, name: 'Attic', latitude: 59.33, longitude: 18.06 },
  ],
  events: [{ id: 1, name: 'May Nights', kind: 'festival', startDate: evening, endDate: evening }],
  concerts: [
    { id: 1, bandId: 1, venueId: 1, date: evening },
    { id: 2, bandId: 2, venueId: 1, date: evening + HOUR_MS, eventId: 1 },
    { id: 3, bandId: 1, venueId: 2, date: evening + 24 * HOUR_MS, eventId: 1, role: 'support' },
    { id: 4, bandId: 2, venueId: 2, date: evening + 24 * HOUR_MS, status: 'cancelled' },
    { id: 5, bandId: 4, venueId: 3, date: Date.UTC(2024, 3, 30, 10), status: 'postponed' },
    { id: 6, bandId: 4, venueId: 3, date: Date.UTC(2024, 4, 1, 10) - 1, status: 'rescheduled' },
  ],
} satisfies Rows;

interface Row {
  id: number;
  distance?: number;
}

describe('a search', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    await system.load(rows);
  }, 60_000);
  afterAll(() => system.close());

  const idsOf = async (path: string) => (await system.api.rows<Row>(path)).map(({ id }) => id);
  const search = async (body: object) => {
    const answer = await system.api.post('/concerts/search', body);
    expect(answer.status).toBe(200);
    return answer;
  };

  describe('answers rows', () => {
    test('with the five columns of the original contract first, and the others in their order', async () => {
      const [row] = await system.api.rows('/concerts?eventIds=1&limit=1');
      expect(Object.entries(row ?? {})).toEqual(
        Object.entries({
          band: 'The Rivers',
          location: 'Bercy',
          date: evening + 24 * HOUR_MS,
          latitude: 48.8386,
          longitude: 2.3786,
          id: 3,
          bandId: 1,
          venueId: 2,
          eventId: 1,
          event: 'May Nights',
          city: 'Paris',
          country: 'FR',
          timeZone: 'Europe/Paris',
          localDate: '2024-05-02',
          status: 'scheduled',
          role: 'support',
        }),
      );
    });

    test('with a distance only where a place was asked for, as the last column', async () => {
      const [near] = await system.api.rows('/concerts?latitude=48.87&longitude=2.328&radius=0&limit=1');
      expect(Object.keys(near ?? {}).at(-1)).toBe('distance');
      expect(near).toMatchObject({ location: 'Olympia', distance: 0 });
      const [other] = await system.api.rows('/concerts?bandIds=1&limit=1');
      expect(other).not.toHaveProperty('distance');
    });

    test('newest first, or oldest first when it says so', async () => {
      expect(await idsOf('/concerts?bandIds=1,2')).toEqual([3, 2, 1]);
      expect(await idsOf('/concerts?bandIds=1,2&sort=-date')).toEqual([3, 2, 1]);
      expect(await idsOf('/concerts?bandIds=1,2&sort=date')).toEqual([1, 2, 3]);
    });

    test('with only the columns that it names, in the order of the whole row', async () => {
      expect(await system.api.rows('/concerts?eventIds=1&fields=date,band&limit=1')).toEqual([
        { band: 'The Rivers', date: evening + 24 * HOUR_MS },
      ]);
      const [row] = await system.api.rows('/concerts?eventIds=1&fields=id&fields=distance');
      expect(row).toEqual({ id: 3 });
    });

    test('as an empty list when nothing matches', async () => {
      expect(await idsOf('/concerts?bandIds=3')).toEqual([]);
      expect(await idsOf('/concerts?bandIds=4&venueIds=1')).toEqual([]);
      expect(await idsOf('/concerts?latitude=0&longitude=0&radius=10')).toEqual([]);
    });
  });

  describe('takes lists of ids', () => {
    test.each([
      'bandIds=1,2',
      'bandIds=1&bandIds=2',
      'bandIds[]=1&bandIds[]=2',
      'bandIds%5B%5D=1&bandIds%5B%5D=2',
      'bandIds=1%2C2',
      'bandIds=1,%202',
      'bandIds=2&bandIds[]=1,1,2&bandIds=1',
      'bandIds=2,1,1,1,2',
      'bandIds=1,0,1123123123,1000000000000000,2',
      'bandIds=01,+2',
    ])('in the form %s', async (query) => {
      expect(await idsOf(`/concerts?${query}`)).toEqual([3, 2, 1]);
    });

    test('that cannot exist, which match nothing', async () => {
      for (const name of ['bandIds', 'venueIds', 'eventIds'])
        expect(await idsOf(`/concerts?${name}=0,1123123123,4294967296,9007199254740991`)).toEqual([]);
    });

    test('of 2,000, also of ten digits', async () => {
      const ids = Array.from({ length: 1_999 }, (_, index) => 4_294_960_000 + index);
      expect(await idsOf(`/concerts?bandIds=${[...ids, 1].join(',')}`)).toEqual([3, 1]);
      expect(await idsOf(`/concerts?${[...ids, 2].map((id) => `bandIds=${id}`).join('&')}`)).toEqual([2]);
    });
  });

  describe('combines its filters', () => {
    test.each([
      ['bandIds=1&venueIds=1', [1]],
      ['venueIds=1,2', [3, 2, 1]],
      ['eventIds=1&bandIds=2', [2]],
      ['latitude=48.8701&longitude=2.3281&radius=1', [2, 1]],
      ['latitude=48.8701&longitude=2.3281&radius=10', [3, 2, 1]],
      ['latitude=48.8701&longitude=2.3281&radius=10&bandIds=1', [3, 1]],
      ['latitude=48.8701&longitude=2.3281&radius=1e1&venueIds=2,3', [3]],
      ['latitude=0&longitude=0&radius=20040&sort=date', [5, 6, 1, 2, 3]],
    ])('%s', async (query, expected) => {
      expect(await idsOf(`/concerts?${query}`)).toEqual(expected);
    });

    test.each([
      ['status=any', [4, 3]],
      ['status=cancelled', [4]],
      ['status=scheduled', [3]],
      ['status=postponed', []],
      ['', [3]],
    ])('a venue and %s', async (status, expected) => {
      expect(await idsOf(`/concerts?venueIds=2&${status}`)).toEqual(expected);
    });

    test('of moved concerts too', async () => {
      expect(await idsOf('/concerts?venueIds=3&status=postponed')).toEqual([5]);
      expect(await idsOf('/concerts?venueIds=3&status=rescheduled')).toEqual([6]);
    });
  });

  describe('takes moments', () => {
    test.each([
      ['from=2024-05-01T20:00:00Z', [3, 2, 1]],
      ['from=2024-05-01t20:00:00z', [3, 2, 1]],
      ['from=2024-05-01T20:00:00.001Z', [3, 2]],
      ['from=2024-05-01T20:00:00.0000001Z', [3, 2]],
      ['to=2024-05-01T20:00:00.0000001Z', [1]],
      ['from=2024-05-01T20:00:00.000000000Z', [3, 2, 1]],
      ['from=2024-05-01T22:00:00%2B02:00', [3, 2, 1]],
      ['from=2024-05-01T15:30:00-05:30', [3, 2]],
      ['to=2024-05-01T20:00:00Z', []],
      ['to=2024-05-01T20:00:00.001Z', [1]],
      ['from=2024-05-01T20:00:00Z&to=2024-05-01T21:00:00Z', [1]],
      ['from=2024-05-01&to=2024-05-01', [2, 1]],
      ['from=2024-05-02', [3]],
      ['to=2024-04-30', []],
      ['from=2024-05-02&to=2024-05-01', []],
      ['from=0001-01-01&to=9999-12-31', [3, 2, 1]],
      ['from=2024-02-29', [3, 2, 1]],
    ])('%s', async (query, expected) => {
      expect(await idsOf(`/concerts?venueIds=1,2&${query}`)).toEqual(expected);
    });

    test('a date alone is a filter, and is the local day of each venue', async () => {
      expect(await idsOf('/concerts?from=2024-05-02')).toEqual([3]);
      // At UTC+14 the 1st of May ends at 10:00 UTC of that day, and begins at 10:00 of the day before.
      expect(await idsOf('/concerts?venueIds=3&from=2024-05-01&to=2024-05-01')).toEqual([6, 5]);
      expect(await idsOf('/concerts?venueIds=3&to=2024-04-30')).toEqual([]);
      expect(await idsOf('/concerts?venueIds=3&from=2024-05-02')).toEqual([]);
    });
  });

  describe('is read page by page', () => {
    const path = '/concerts?latitude=0&longitude=0&radius=20040&status=any';

    test('by its next links, and back to the beginning by its first link', async () => {
      const whole = await idsOf(path);
      expect(whole.length).toBe(6);
      for (const limit of [1, 2, 4, 5, 6, 10_000]) {
        const pages = await system.api.pages<Row>(`${path}&limit=${limit}`);
        expect(pages.flat().map(({ id }) => id)).toEqual(whole);
        expect(pages.length).toBe(Math.ceil(6 / limit));
      }
      const { headers } = await system.api.get(`${path}&limit=2`);
      const second = await system.api.get(`${path}&limit=2&cursor=${headers.get('next-cursor')}`);
      const first = /<([^>]+)>; rel="first"/.exec(second.headers.get('link') ?? '')?.[1] ?? '';
      expect(await idsOf(first)).toEqual(whole.slice(0, 2));
    });

    test('and the last page has no next link and no cursor', async () => {
      const { headers } = await system.api.get(`${path}&limit=6`);
      expect(headers.get('next-cursor')).toBeNull();
      expect(headers.get('link')).not.toContain('next');
    });

    test('with another limit and other columns on the way', async () => {
      const whole = await idsOf(path);
      const { headers } = await system.api.get(`${path}&limit=2`);
      const cursor = headers.get('next-cursor');
      expect(await idsOf(`${path}&limit=3&cursor=${cursor}`)).toEqual(whole.slice(2, 5));
      expect(await system.api.rows(`${path}&fields=id&cursor=${cursor}`)).toEqual(whole.slice(2).map((id) => ({ id })));
    });

    test('however the name of the cursor is written', async () => {
      const { headers } = await system.api.get(`${path}&limit=2`);
      const cursor = headers.get('next-cursor');
      for (const name of ['cursor[]', '%63ursor', 'cursor%5B%5D']) {
        const pages = await system.api.pages<Row>(`${path}&limit=2&${name}=${cursor}`);
        expect(pages.flat().length).toBe(4);
      }
    });
  });

  describe('may come in a body', () => {
    test('and is answered as the same search in a query is', async () => {
      const byQuery = await system.api.get('/concerts?bandIds=1,2&from=2024-05-01&sort=date&limit=2');
      const byBody = await search({ bandIds: [1, 2, 2], from: '2024-05-01', sort: 'date', limit: 2 });
      expect(byBody.text).toBe(byQuery.text);
      expect(byBody.headers.get('next-cursor')).toBe(byQuery.headers.get('next-cursor'));
      expect(byBody.headers.get('link')).toBeNull();
      const cursor = byBody.headers.get('next-cursor');
      expect((await search({ bandIds: [1, 2], from: '2024-05-01', sort: 'date', cursor })).body).toMatchObject([{ id: 3 }]);
    });

    test('with a place and columns', async () => {
      const { body } = await search({ latitude: 48.87, longitude: 2.328, radius: 0, fields: ['band', 'location'] });
      expect(body).toEqual([
        { band: 'Motörcade', location: 'Olympia' },
        { band: 'The Rivers', location: 'Olympia' },
      ]);
    });

    test('with lists that no URL would hold', async () => {
      const ids = Array.from({ length: 1_999 }, (_, index) => 9_007_199_254_740_991 - index);
      const { body } = await search({ bandIds: [...ids, 1], venueIds: [...ids, 1], eventIds: undefined });
      expect(body).toMatchObject([{ id: 1 }]);
    });
  });

  test('says how long its stages took and how many entries they read', async () => {
    const { headers } = await system.api.get('/concerts?latitude=48.87&longitude=2.328&radius=10');
    expect(headers.get('server-timing')).toMatch(
      /^circle;dur=[\d.]+;desc="\d+ entries", concerts;dur=[\d.]+;desc="\d+ entries", .*total;dur=[\d.]+$/,
    );
    expect(headers.get('served-by')).toBe('services');
  });
});
