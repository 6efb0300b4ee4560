import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { distanceKm } from '#geo';
import { System } from './support/system.js';

const paris = { latitude: 48.857931, longitude: 2.350144 };
const names = ['The Rivers', 'the river song', 'Théâtre', 'Therapy', 'Zebra', 'ÉTOILE', 'Etoile', 'étoile noire', '!!!', '†††'];
/** Names that only differ in case and accents are one, and ids break the tie. */
const inOrder = ['!!!', 'ÉTOILE', 'Etoile', 'étoile noire', 'the river song', 'The Rivers', 'Théâtre', 'Therapy', 'Zebra', '†††'];

interface Row {
  id: number;
  name: string;
  distance?: number;
}

describe('a list', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    const date = Date.UTC(2024, 4, 1);
    await system.load({
      bands: names.map((name, index) => ({ id: index + 1, name, genres: ['rock'] })),
      venues: names.map((name, index) => ({ id: index + 1, name, latitude: 48.9 + index / 100, longitude: 2.35 })),
      events: names.map((name, index) => ({ id: index + 1, name, kind: 'tour', startDate: date, endDate: date })),
      concerts: [{ id: 7, bandId: 1, venueId: 2, eventId: 3, date }],
    });
  }, 60_000);
  afterAll(() => system.close());

  const namesOf = async (path: string) => (await system.api.rows<Row>(path)).map(({ name }) => name);

  describe.each(['bands', 'venues', 'events'])('of %s', (kind) => {
    test('is by name, then id', async () => {
      expect(await namesOf(`/${kind}`)).toEqual(inOrder);
    });

    test.each([
      ['the', ['the river song', 'The Rivers', 'Théâtre', 'Therapy']],
      ['THE R', ['the river song', 'The Rivers']],
      ['the rivers', ['The Rivers']],
      ['theatre', ['Théâtre']],
      ['théâ', ['Théâtre']],
      ['etoile', ['ÉTOILE', 'Etoile', 'étoile noire']],
      ['étoile', ['ÉTOILE', 'Etoile', 'étoile noire']],
      ['  the   rivers ', ['The Rivers']],
      ['!!!', ['!!!']],
      ['†', ['†††']],
      ['rivers', []],
      ['%', []],
      ['_', []],
      ['*', []],
    ])('takes "%s" as the beginning of a name', async (name, expected) => {
      expect(await namesOf(`/${kind}?name=${encodeURIComponent(name)}`)).toEqual(expected);
    });

    test('is read page by page', async () => {
      for (const limit of [1, 3, 10]) {
        const pages = await system.api.pages<Row>(`/${kind}?limit=${limit}`);
        expect(pages.flat().map(({ name }) => name)).toEqual(inOrder);
        expect(pages.length).toBe(Math.ceil(names.length / limit));
      }
      const pages = await system.api.pages<Row>(`/${kind}?name=the&limit=3`);
      expect(pages.map((page) => page.length)).toEqual([3, 1]);
    });

    test('refuses what it does not know, and a cursor of another list', async () => {
      const { headers } = await system.api.get(`/${kind}?name=the&limit=1`);
      for (const query of [
        `cursor=${headers.get('next-cursor')}`,
        'cursor=x',
        'bandIds=1',
        'name=',
        'limit=0',
        'name=%00',
        'name=%20',
      ])
        expect((await system.api.problem(`/${kind}?${query}`, 400)).errors?.length).toBe(1);
    });

    test('has each record at its own address', async () => {
      const [first] = await system.api.rows<Row>(`/${kind}?limit=1`);
      expect((await system.api.get(`/${kind}/${first?.id}`)).body).toEqual(first);
      for (const id of [0, 11, 1_123_123_123, 4_294_967_296, 9_007_199_254_740_991])
        expect((await system.api.problem(`/${kind}/${id}`, 404)).detail).toBe(`there is no ${kind.slice(0, -1)} ${id}`);
    });

    test('tells one without concerts from one that does not exist', async () => {
      expect((await system.api.rows(`/${kind}/10/concerts`)).length).toBe(0);
      for (const id of [0, 11, 4_294_967_296]) await system.api.problem(`/${kind}/${id}/concerts`, 404);
      await system.api.problem(`/${kind}/11/concerts?limit=0`, 400);
    });
  });

  test.each(['bands/1', 'venues/2', 'events/3'])('of the concerts at /%s/concerts is the search by that id', async (path) => {
    const [kind = '', id] = path.split('/');
    const { text } = await system.api.get(`/concerts?${kind.slice(0, -1)}Ids=${id}`);
    expect((await system.api.get(`/${path}/concerts`)).text).toBe(text);
    expect(await system.api.rows(`/${path}/concerts?from=2025-01-01`)).toEqual([]);
    expect(await system.api.rows(`/${path}/concerts?latitude=48.91&longitude=2.35&radius=0&fields=id`)).toEqual([{ id: 7 }]);
    await system.api.problem(`/${path}/concerts?${kind.slice(0, -1)}Ids=${id}`, 400);
  });

  describe('of venues around a place', () => {
    const around = `latitude=${paris.latitude}&longitude=${paris.longitude}`;

    test('is nearest first, with the distance', async () => {
      const rows = await system.api.rows<Row & typeof paris>(`/venues?${around}&radius=100`);
      expect(rows.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      for (const { distance, latitude, longitude } of rows) expect(distance).toBe(distanceKm(paris, { latitude, longitude }));
    });

    test('holds what is exactly at the radius', async () => {
      const edge = distanceKm(paris, { latitude: 48.92, longitude: 2.35 });
      expect((await system.api.rows(`/venues?${around}&radius=${edge}`)).length).toBe(3);
      expect(await system.api.rows(`/venues?${around}&radius=0`)).toEqual([]);
    });

    test('is read page by page', async () => {
      const pages = await system.api.pages<Row>(`/venues?${around}&radius=100&limit=4`);
      expect(pages.map((page) => page.map(({ id }) => id))).toEqual([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10],
      ]);
    });

    test('takes a name too', async () => {
      const rows = await system.api.rows<Row>(`/venues?${around}&radius=100&name=the`);
      expect(rows.map(({ name }) => name)).toEqual(['The Rivers', 'the river song', 'Théâtre', 'Therapy']);
    });

    test('needs the whole of a place', async () => {
      for (const part of ['latitude=1', 'radius=5&name=the', 'longitude=2&latitude=1'])
        expect((await system.api.problem(`/venues?${part}`, 400)).detail).toContain('go together');
      await system.api.problem('/venues?latitude=x&longitude=1&radius=1', 400);
    });
  });
});

test('a list of the longest names is followed to its end', async () => {
  const system = await System.start();
  try {
    await system.load({ bands: [1, 2, 3].map((id) => ({ id, name: `${'각'.repeat(299)}${id}` })) });
    const pages = await system.api.pages<Row>('/bands?limit=1');
    expect(pages.flat().map(({ id }) => id)).toEqual([1, 2, 3]);
  } finally {
    await system.close();
  }
});
