import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '#problem';
import { System } from './support/system.js';

describe('a request with wrong parameters', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    const dates = [1, 2, 3, 4].map((day) => Date.UTC(2024, 4, day));
    await system.load({
      bands: [{ id: 1, name: 'The Rivers' }],
      venues: [{ id: 1, name: 'Olympia', latitude: 48.87, longitude: 2.328 }],
      concerts: dates.map((date, index) => ({ id: index + 1, bandId: 1, venueId: 1, date })),
    });
  }, 60_000);
  afterAll(() => system.close());

  const faultsOf = async (path: string) => codesIn(await system.api.problem(path, 400));
  const faultsOfBody = async (body: unknown) => {
    const answer = await system.api.post('/concerts/search', body);
    expect(answer.status).toBe(400);
    return codesIn(system.api.problemIn(answer));
  };

  test('is answered with a problem document that older clients understand too', async () => {
    const path = '/concerts?bandIds=x';
    expect(await system.api.problem(path, 400)).toEqual({
      type: 'urn:backline:problem:validation-error',
      title: 'Bad Request',
      status: 400,
      detail: 'bandIds must be a whole number, not "x"',
      instance: path,
      errors: [{ parameter: 'bandIds', code: 'type', detail: 'must be a whole number, not "x"' }],
      statusCode: 400,
      error: 'Bad Request',
    });
  });

  test('of an offset whose plus sign became a blank is told how it is written', async () => {
    const { errors = [] } = await system.api.problem('/concerts?from=2024-05-01T20:00:00+02:00&to=soon', 400);
    expect(errors.map(({ parameter, detail }) => [parameter, detail.includes('%2B')])).toEqual([
      ['from', true],
      ['to', false],
    ]);
    await system.api.get('/concerts?from=2024-05-01T20:00:00%2B02:00');
  });

  test('is told all its faults at once', async () => {
    const path =
      '/concerts?bandIds=1,two&venueIds=-1&latitude=91&radius=-3&from=yesterday&to=2024-13-01&status=gone&sort=name' +
      '&limit=0&fields=band,colour&cursor=garbled!&colour=red&color=blue';
    expect(await faultsOf(path)).toEqual({
      bandIds: 'type',
      venueIds: 'minimum',
      latitude: 'maximum',
      longitude: 'required',
      radius: 'minimum',
      from: 'format',
      to: 'format',
      status: 'enum',
      sort: 'enum',
      limit: 'minimum',
      fields: 'enum',
      cursor: 'malformed',
      colour: 'unknown',
      color: 'unknown',
    });
  });

  test.each(['', 'status=any', 'sort=date&limit=5', 'fields=band'])('without any filter is refused: %s', async (query) => {
    const problem = await system.api.problem(`/concerts?${query}`, 400);
    expect(problem.errors).toEqual([expect.objectContaining({ parameter: '', code: 'no-filter' })]);
    expect(problem.detail).toContain('latitude, longitude and radius together');
  });

  test.each(['NaN', 'Infinity', '-Infinity', '0x10', '', ' ', '1e999', '1,5', '--1', '٣', 'null', '1_000', '48.8.7'])(
    'whose place has the number "%s" is refused',
    async (number) => {
      const text = encodeURIComponent(number);
      for (const name of ['latitude', 'longitude', 'radius']) {
        const place = { latitude: '1', longitude: '1', radius: '1', [name]: text };
        const faults = await faultsOf(
          `/concerts?${Object.entries(place)
            .map((pair) => pair.join('='))
            .join('&')}`,
        );
        expect(Object.keys(faults)).toEqual([name]);
      }
    },
  );

  test.each(['NaN', '1.5', '1e3', '0x1', '', ',', '1,', '1,,2', '-1', '9007199254740992', '1;2', 'true', '[1]'])(
    'whose ids are "%s" is refused',
    async (ids) => {
      for (const name of ['bandIds', 'venueIds', 'eventIds'])
        expect(Object.keys(await faultsOf(`/concerts?${name}=${encodeURIComponent(ids)}`))).toEqual([name]);
    },
  );

  test('with more than 2,000 ids is refused', async () => {
    const ids = Array.from({ length: 2_001 }, (_, index) => index + 1);
    expect(await faultsOf(`/concerts?bandIds=${ids.join(',')}`)).toEqual({ bandIds: 'maxItems' });
    expect(await faultsOf(`/concerts?${ids.map((id) => `venueIds[]=${id}`).join('&')}`)).toEqual({ venueIds: 'maxItems' });
    expect(await faultsOfBody({ eventIds: ids })).toEqual({ eventIds: 'maxItems' });
  });

  test.each(['/bands/1?colour=red', '/concerts/1?fields=band', '/health/live?verbose=1'])(
    'of which there are none: %s names them',
    async (path) => {
      const { errors } = await system.api.problem(path, 400);
      expect(errors).toEqual([{ parameter: expect.any(String), code: 'unknown', detail: expect.any(String) }]);
    },
  );

  describe('and a part of a place', () => {
    test.each([
      ['latitude=1', ['longitude', 'radius']],
      ['longitude=1', ['latitude', 'radius']],
      ['radius=1', ['latitude', 'longitude']],
      ['latitude=1&longitude=1', ['radius']],
      ['radius=1&latitude=1', ['longitude']],
      ['latitude=1&longitude=1&bandIds=1', ['radius']],
      ['radius=1&bandIds=1&from=2024-01-01', ['latitude', 'longitude']],
    ])('%s is told what is missing', async (query, missing) => {
      expect(await faultsOf(`/concerts?${query}`)).toEqual(Object.fromEntries(missing.map((name) => [name, 'required'])));
      const below = await faultsOf(`/bands/1/concerts?${query.replace(/&?bandIds=1/, '')}`);
      expect(Object.keys(below).sort()).toEqual(missing);
    });

    test('is told that latitude and longitude look swapped', async () => {
      const { errors } = await system.api.problem('/concerts?latitude=151.2&longitude=-33.9&radius=10', 400);
      expect(errors?.[0]?.detail).toContain('look swapped');
      const other = await system.api.problem('/concerts?latitude=151.2&longitude=133.9&radius=10', 400);
      expect(other.errors?.[0]?.detail).not.toContain('look swapped');
    });

    test.each(['latitude=90.0000001&longitude=0', 'latitude=0&longitude=180.5', 'latitude=-91&longitude=0'])(
      'off the earth is refused: %s',
      async (place) => {
        expect(Object.keys(await faultsOf(`/concerts?${place}&radius=1`)).length).toBe(1);
      },
    );
  });

  test.each([
    '2023-02-29',
    '2024-04-31',
    '2024-00-10',
    '0000-01-01',
    '10000-01-01',
    '2024-5-1',
    '20240501',
    '2024-05-01T20:00:00',
    '2024-05-01T20:00Z',
    '2024-05-01T20:00:0012Z',
    '2024-05-01T20:00:00.Z',
    '2024-05-01T20:00:00.0000000001Z',
    '2024-05-01T24:00:00Z',
    '2024-05-01T23:60:00Z',
    '2024-02-30T20:00:00Z',
    '2024-05-01T20:00:00+24:00',
    '2024-05-01T20:00:00+0200',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '1714593600000',
    'today',
    '',
  ])('whose moment is "%s" is refused', async (moment) => {
    for (const name of ['from', 'to'])
      expect(Object.keys(await faultsOf(`/concerts?bandIds=1&${name}=${encodeURIComponent(moment)}`))).toEqual([name]);
  });

  test.each([
    'status=Cancelled',
    'status=scheduled,cancelled',
    'status=',
    'sort=%2Bdate',
    'sort=id',
    'limit=0',
    'limit=10001',
    'limit=-1',
    'limit=1.5',
    'limit=ten',
    'fields=',
    'fields=Band',
    'fields=band,,date',
    'limit=1&limit=2',
    'sort=date&sort=date',
    'latitude=1&latitude=1&longitude=1&radius=1',
  ])('such as %s is refused', async (query) => {
    const [name = ''] = query.split('=');
    expect(Object.keys(await faultsOf(`/concerts?bandIds=1&${query}`))).toEqual([name]);
  });

  test.each(['colour', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'bandids', 'a/b', 'a~b', 'after', ''])(
    'with the unknown parameter "%s" is refused, whatever its value',
    async (name) => {
      for (const value of ['1', '', '1&x=1'])
        expect(await faultsOf(`/concerts?bandIds=1&${encodeURIComponent(name)}=${value}`)).toMatchObject({ [name]: 'unknown' });
    },
  );

  test('with thousands of faults is told the first of them', async () => {
    const unknown = Array.from({ length: 5_000 }, (_, index) => `p${index}=1`).join('&');
    const { errors, detail } = await system.api.problem(`/concerts?${unknown}`, 400);
    expect(errors?.length).toBe(50);
    expect(detail).toMatch(/; and 4950 more$/);
    const answer = await system.api.post('/concerts/search', { bandIds: Array.from({ length: 50_000 }, () => []) });
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(40_000);
  });

  describe('and a cursor', () => {
    const path = '/concerts?bandIds=1&limit=2';
    const cursorOf = async (of: string): Promise<string> => {
      const { headers, text } = await system.api.get(of);
      const cursor = headers.get('next-cursor');
      if (cursor === null) throw new Error(`${of} has no next page: ${text}`);
      return cursor;
    };

    test('of another query is refused', async () => {
      const cursor = await cursorOf(path);
      for (const other of [
        '/concerts?bandIds=2',
        '/concerts?bandIds=1,2',
        '/concerts?venueIds=1',
        '/concerts?bandIds=1&sort=date',
        '/concerts?bandIds=1&status=any',
        '/concerts?bandIds=1&from=2024-01-01',
        '/concerts?bandIds=1&latitude=1&longitude=1&radius=1',
        '/bands?name=the',
        '/venues?latitude=1&longitude=1&radius=1',
      ])
        expect(Object.keys(await faultsOf(`${other}&cursor=${cursor}`))).toEqual(['cursor']);
    });

    test('that was cut or garbled is refused', async () => {
      const cursor = await cursorOf(path);
      const wrong = [
        cursor.slice(0, -1),
        cursor.slice(1),
        `${cursor}A`,
        cursor.toUpperCase(),
        'x',
        '....',
        '"',
        '%00',
        'A'.repeat(2_001),
      ];
      for (const one of wrong) expect(Object.keys(await faultsOf(`${path}&cursor=${one}`))).toEqual(['cursor']);
    });

    test('of other contents is refused', async () => {
      const hash: unknown = JSON.parse(Buffer.from(await cursorOf(path), 'base64url').toString())[0];
      for (const parts of [[], [1], [1, 0], [1.5, 1], ['1', 1], [1, 2 ** 32], [1e300, 1], [null, null], [{}, 1]]) {
        const forged = Buffer.from(JSON.stringify([hash, ...parts])).toString('base64url');
        expect(await faultsOf(`${path}&cursor=${forged}`)).toEqual({ cursor: 'malformed' });
      }
      for (const json of ['{}', 'null', '1', '"x"', '[]', '{"length":3}'])
        expect(await faultsOf(`${path}&cursor=${Buffer.from(json).toString('base64url')}`)).toEqual({ cursor: 'malformed' });
    });
  });

  describe('in a body', () => {
    test.each([
      [{ bandIds: ['1'] }, ['bandIds']],
      [{ bandIds: '1,2' }, ['bandIds']],
      [{ bandIds: [] }, ['bandIds']],
      [{ bandIds: [1.5, -1] }, ['bandIds']],
      [{ bandIds: [null] }, ['bandIds']],
      [{ bandIds: null }, ['bandIds']],
      [{ bandIds: { 0: 1 } }, ['bandIds']],
      [{ bandIds: [[1]] }, ['bandIds']],
      [{ bandIds: [{ $gt: 0 }] }, ['bandIds']],
      [{ latitude: '1', longitude: 1, radius: 1 }, ['latitude']],
      [{ latitude: 1, longitude: 1 }, ['radius']],
      [{ bandIds: [1], limit: '5' }, ['limit']],
      [{ bandIds: [1], from: 1714593600000 }, ['from']],
      [{ bandIds: [1], colour: 'red', filter: { deep: { deeper: [1, { a: 2 }] } } }, ['colour', 'filter']],
      [{ bandIds: [1], cursor: 'x' }, ['cursor']],
      [{}, ['']],
    ])('%j is refused', async (body, names) => {
      expect(Object.keys(await faultsOfBody(body)).sort()).toEqual(names);
    });

    test.each([
      '[]',
      '1',
      '"x"',
      'null',
      '',
      '{',
      '{"bandIds":[1],}',
      '\u0000',
      '{"bandIds":[1]}}',
      '{"__proto__":{"bandIds":[1]}}',
    ])('that is no object of parameters is refused: %s', async (body) => {
      const answer = await system.api.request('POST', '/concerts/search', {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(400);
      expect(system.api.problemIn(answer)).toMatchObject({ statusCode: 400, error: 'Bad Request' });
    });

    test('that is nested without an end is refused', async () => {
      const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
      const answer = await system.api.request('POST', '/concerts/search', {
        body: `{"bandIds":${deep}}`,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(400);
      expect(answer.text.length).toBeLessThan(2_000);
    });
  });

  test.each(['/concerts/one', '/concerts/-1', '/concerts/1.5', '/bands/x', '/venues/9007199254740992', '/events/%20'])(
    'in its path, such as %s, is refused',
    async (path) => {
      expect(await faultsOf(path)).toEqual({ id: 'type' });
    },
  );

  test.each(['0', '-1', 'soon', '1,5', ''])('whose Request-Timeout is "%s" is refused', async (timeout) => {
    const answer = await system.api.get('/concerts?bandIds=1', { 'request-timeout': timeout });
    expect(answer.status).toBe(400);
    expect(codesIn(system.api.problemIn(answer))).toEqual({ 'Request-Timeout': 'type' });
  });
});

/** Each faulty parameter with the code of its first fault. */
const codesIn = ({ errors = [] }: Problem): Record<string, string> =>
  Object.fromEntries(errors.toReversed().map(({ parameter, code }) => [parameter, code]));
