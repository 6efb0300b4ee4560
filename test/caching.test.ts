import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { System } from './support/system.js';

const date = Date.UTC(2024, 4, 1, 20);
const rows = {
  bands: [{ id: 1, name: 'The Rivers', aliases: Array.from({ length: 64 }, (_, index) => `${index}`.repeat(100)) }],
  venues: [{ id: 1, name: 'Olympia', latitude: 48.87, longitude: 2.328 }],
  concerts: Array.from({ length: 300 }, (_, index) => ({ id: index + 1, bandId: 1, venueId: 1, date: date + index })),
};

describe('an answer', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    await system.load(rows);
  }, 60_000);
  afterAll(() => system.close());

  const item = '/concerts/1';
  const list = '/concerts?bandIds=1&limit=2';
  const etagOf = async (path: string) => (await system.api.get(path)).headers.get('etag') ?? '';

  describe('has an ETag', () => {
    test('of the versions, where it is one record', async () => {
      expect(await etagOf(item)).toBe('"1.1.1.0"');
      expect(await etagOf('/bands/1')).toBe('"1"');
      expect(await etagOf('/venues/1')).toBe('"1"');
    });

    test('that rises with the band of a concert, but stays when nothing changed', async () => {
      await system.load({ venues: [{ id: 2, name: 'Bercy', latitude: 48.8, longitude: 2.3 }] });
      await system.load({ concerts: [{ id: 1_001, bandId: 1, venueId: 2, date }] });
      expect(await etagOf('/concerts/1001')).toBe('"1.1.1.0"');
      await system.load({ venues: [{ id: 2, name: 'Accor Arena', latitude: 48.8, longitude: 2.3 }] });
      await system.load({ venues: [{ id: 2, name: 'Accor Arena', latitude: 48.8, longitude: 2.3 }] });
      expect(await etagOf('/concerts/1001')).toBe('"1.1.2.0"');
      expect(await etagOf('/venues/2')).toBe('"2"');
    });

    test('of its contents, weak, where it is a list', async () => {
      const etag = await etagOf(list);
      expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
      expect(await etagOf(list)).toBe(etag);
      expect(await etagOf('/concerts?bandIds=1&limit=3')).not.toBe(etag);
      expect(await etagOf('/openapi.json')).toMatch(/^W\//);
    });

    test('but not when it is a problem', async () => {
      const { headers } = await system.api.get('/concerts/9');
      expect((await system.api.get('/bands/9')).headers.get('etag')).toBeNull();
      expect((await system.api.get('/bands/9')).headers.get('cache-control')).toBe('no-store');
      expect(headers.get('etag')).not.toBeNull();
    });
  });

  describe.each([item, list, '/bands/1', '/bands', '/openapi.json'])('of %s', (path) => {
    test('is not sent again to one who has it', async () => {
      const { headers } = await system.api.get(path);
      const etag = headers.get('etag') ?? '';
      for (const have of [
        etag,
        `W/${etag.replace(/^W\//, '')}`,
        etag.replace(/^W\//, ''),
        `"x", ${etag}`,
        `"x",W/"y",${etag}`,
        '*',
      ]) {
        const again = await system.api.get(path, { 'if-none-match': have });
        expect({ have, status: again.status, text: again.text }).toEqual({ have, status: 304, text: '' });
        expect(again.headers.get('etag')).toBe(etag);
        expect(again.headers.get('cache-control')).toBe('no-cache');
        expect(again.headers.get('content-type')).toBeNull();
      }
    });

    test('is sent to one who has another', async () => {
      for (const have of ['"x"', 'W/"x"', '', 'x', '"1.1.1"']) {
        const again = await system.api.get(path, { 'if-none-match': have });
        expect({ have, status: again.status }).toEqual({ have, status: 200 });
      }
    });

    test('to HEAD is that to GET without its body', async () => {
      const [get, head] = [
        await system.api.get(path, uncompressed),
        await system.api.request('HEAD', path, { headers: uncompressed }),
      ];
      expect(head.status).toBe(200);
      expect(head.text).toBe('');
      for (const name of ['etag', 'content-type', 'content-length', 'cache-control', 'link'])
        expect({ name, value: head.headers.get(name) }).toEqual({ name, value: get.headers.get(name) });
      const known = { ...uncompressed, 'if-none-match': get.headers.get('etag') ?? '' };
      expect((await system.api.request('HEAD', path, { headers: known })).status).toBe(304);
    });
  });

  test('of a search in a body has no ETag to come back with', async () => {
    const { status, headers } = await system.api.request('POST', '/concerts/search', {
      body: '{"bandIds":[1],"limit":1}',
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
    });
    expect({ status, etag: headers.get('etag') }).toEqual({ status: 200, etag: null });
  });

  describe('is compressed', () => {
    test.each([
      ['br, gzip', 'br'],
      ['gzip', 'gzip'],
      ['gzip, deflate, br;q=0.5, *;q=0.1', 'gzip'],
      ['identity', null],
      ['deflate', null],
      ['br;q=0', null],
      ['', null],
    ])('when a long list is asked for with Accept-Encoding: %s', async (accepted, encoding) => {
      const { headers, rows } = await readRaw(`${system.url}/concerts?bandIds=1`, accepted);
      expect(headers['content-encoding'] ?? null).toBe(encoding);
      expect(headers.vary).toMatch(/accept-encoding/i);
      if (encoding === null) expect(rows).toBe(301);
    });

    test('and is the same list with the same ETag', async () => {
      const plain = await system.api.get('/concerts?bandIds=1', uncompressed);
      const compressed = await system.api.get('/concerts?bandIds=1', { 'accept-encoding': 'br' });
      expect(compressed.headers.get('content-encoding')).toBe('br');
      expect(compressed.text).toBe(plain.text);
      expect(compressed.headers.get('etag')).toBe(plain.headers.get('etag'));
    });

    test('never when it is one record, however long, or a short list', async () => {
      for (const path of ['/bands/1', item, list]) {
        const { headers, text } = await system.api.get(path, { 'accept-encoding': 'br, gzip' });
        expect({ path, encoding: headers.get('content-encoding'), length: headers.get('content-length') }).toEqual({
          path,
          encoding: null,
          length: String(Buffer.byteLength(text)),
        });
      }
      expect((await system.api.get('/bands/1')).text.length).toBeGreaterThan(6_000);
    });
  });
});

describe('CACHE_MAX_AGE and CORS_ORIGIN', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ CACHE_MAX_AGE: '60', CORS_ORIGIN: 'https://app.example,https://other.example' });
    await system.load(rows);
  }, 60_000);
  afterAll(() => system.close());

  test('an age lets caches keep good answers, and no problem', async () => {
    for (const path of ['/concerts?bandIds=1', '/bands/1', '/bands'])
      expect((await system.api.get(path)).headers.get('cache-control')).toBe('max-age=60, stale-while-revalidate=60');
    expect((await system.api.get('/concerts')).headers.get('cache-control')).toBe('no-store');
    expect((await system.api.get('/health/ready')).headers.get('cache-control')).toBe('no-store');
  });

  test('what is nowhere is 404, also where CORS takes every path', async () => {
    expect((await system.api.get('/nothing')).status).toBe(404);
  });

  test('pages of a named origin may read answers and their headers', async () => {
    for (const path of ['/concerts?bandIds=1', '/concerts']) {
      const { headers } = await system.api.get(path, { origin: 'https://app.example' });
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
      expect(headers.get('access-control-expose-headers')).toMatch(/ETag.*Link.*Next-Cursor.*Partial/);
      expect(headers.get('vary')).toMatch(/origin/i);
    }
  });

  test('pages of another origin may not', async () => {
    const { headers } = await system.api.get('/concerts?bandIds=1', { origin: 'https://evil.example' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a preflight is answered', async () => {
    const preflight = (origin: string) =>
      system.api.request('OPTIONS', '/concerts/search', {
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      });
    const { status, headers } = await preflight('https://other.example');
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('https://other.example');
    expect(headers.get('access-control-allow-methods')).toMatch(/POST/);
    expect(headers.get('access-control-allow-headers')).toMatch(/content-type/i);
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('an answer that lacks details is not kept', async () => {
    await system.stop('bands');
    const { headers } = await system.api.get('/concerts?bandIds=1');
    expect(headers.get('partial')).toBe('bands');
    expect(headers.get('cache-control')).toBe('no-cache');
  });
});

const uncompressed = { 'accept-encoding': 'identity' };

/** What came over the wire, which fetch would have unpacked. */
function readRaw(url: string, acceptEncoding: string): Promise<{ headers: NodeJS.Dict<string | string[]>; rows: number }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: acceptEncoding ? { 'accept-encoding': acceptEncoding } : {} }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const parsed: unknown = response.headers['content-encoding'] ? [] : JSON.parse(text);
        resolve({ headers: { ...response.headers }, rows: Array.isArray(parsed) ? parsed.length : 0 });
      });
    });
    request.on('error', reject);
    request.end();
  });
}
