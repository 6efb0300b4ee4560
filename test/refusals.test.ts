import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RawAnswer } from '../bench/support/raw-answers.js';
import { rawRequest } from './support/raw-http.js';
import { System } from './support/system.js';

const KIB = 1_024;

describe('a request that cannot be taken', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  }, 60_000);
  afterAll(() => system.close());

  /** A problem document in which clients older than the RFC find their fields. */
  function expectProblem({ status, headers, body }: RawAnswer, expected: number): void {
    expect({ status, type: headers.get('content-type'), body }).toEqual({
      status: expected,
      type: 'application/problem+json',
      body: expect.any(String),
    });
    expect(JSON.parse(body)).toMatchObject({
      status: expected,
      statusCode: expected,
      error: expect.any(String),
      detail: expect.any(String),
    });
  }

  const raw = (text: string) => rawRequest(system.url, text);
  const fetched = async (method: string, path: string, init: RequestInit = {}): Promise<RawAnswer> => {
    const { status, headers, text } = await system.api.request(method, path, init);
    return { status, headers: new Map(headers), body: text };
  };

  test.each([
    '/concert',
    '/concerts/1/2',
    '/bands/1/concerts/1',
    '/health',
    '/%',
    '/concerts%2F1',
    '//concerts',
    '/..',
    '/concerts/',
  ])('for the path %s, where there is nothing, is answered with 404 or 400', async (path) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect([400, 404]).toContain(answer.status);
    expectProblem(answer, answer.status);
  });

  test.each([
    ['POST', '/concerts', 'GET, HEAD'],
    ['DELETE', '/concerts/1', 'GET, HEAD'],
    ['PUT', '/bands/1', 'GET, HEAD'],
    ['PATCH', '/venues', 'GET, HEAD'],
    ['OPTIONS', '/events', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['PROPFIND', '/concerts', 'GET, HEAD'],
    ['TRACE', '/concerts', 'GET, HEAD'],
    ['PUT', '/concerts/search', 'GET, HEAD, POST'],
  ])('by the method %s at %s is told those that are', async (method, path, allowed) => {
    const answer = await raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    expectProblem(answer, 405);
    expect(answer.headers.get('allow')).toBe(allowed);
  });

  test.each([
    ['POST', '/concerts', true],
    ['PATCH', '/venues/1', true],
    ['POST', '/concerts/1', false],
    ['DELETE', '/concerts/search', false],
  ])('by the method %s at %s is told of the orchestrator where that takes it', async (method, path, isTaken) => {
    const { detail = '' } = JSON.parse((await fetched(method, path)).body);
    expect(/; the orchestrator does, on port \d+$/.test(detail)).toBe(isTaken);
  });

  describe('because of its body', () => {
    const search = (body: string, type = 'application/json') =>
      fetched('POST', '/concerts/search', { body, headers: { 'content-type': type } });
    const padded = (bytes: number) => `{"bandIds":[1]${' '.repeat(bytes - '{"bandIds":[1]}'.length)}}`;

    test('is told that it is too large above 256 KiB', async () => {
      expect((await search(padded(256 * KIB))).status).toBe(200);
      expectProblem(await search(padded(256 * KIB + 1)), 413);
      expectProblem(await search(padded(5_000 * KIB)), 413);
    });

    test.each([
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'x',
      'image/png',
    ])('of the type %s is told that it is no JSON', async (type) => {
      expectProblem(await search('bandIds=1', type), 415);
    });

    test('of no type is refused', async () => {
      const answer = await raw('POST /concerts/search HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{"bandIds":[1]}');
      expectProblem(answer, 415);
    });

    test('that is missing is refused', async () => {
      expectProblem(await raw('POST /concerts/search HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'), 400);
      expectProblem(await search(''), 400);
    });

    test('of JSON by another name is taken', async () => {
      for (const type of ['application/json; charset=utf-8', 'Application/JSON'])
        expect((await search('{"bandIds":[1]}', type)).status).toBe(200);
    });
  });

  describe('because it is too long', () => {
    const pathOf = (bytes: number) => `/concerts?bandIds=1&x=${'1'.repeat(bytes - '/concerts?bandIds=1&x='.length)}`;

    test('is told so for a URL of more than 48 KiB', async () => {
      expect((await fetched('GET', pathOf(48 * KIB))).status).toBe(400);
      expectProblem(await fetched('GET', pathOf(48 * KIB + 1)), 414);
      expectProblem(await raw(`GET ${pathOf(200 * KIB)} HTTP/1.1\r\nHost: x\r\n\r\n`), 414);
      expectProblem(await raw(`GET ${`/${'a'.repeat(60 * KIB)}`} HTTP/1.1\r\nHost: x\r\n\r\n`), 414);
    });

    test('is told so for headers of more than 64 KiB', async () => {
      const headers = (bytes: number) => `GET /concerts?bandIds=1 HTTP/1.1\r\nHost: x\r\nX-Long: ${'1'.repeat(bytes)}\r\n\r\n`;
      expect((await raw(headers(63 * KIB))).status).toBe(200);
      expectProblem(await raw(headers(65 * KIB)), 431);
      const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: ${'1'.repeat(20)}`).join('\r\n');
      expectProblem(await raw(`GET /concerts?bandIds=1 HTTP/1.1\r\nHost: x\r\n${many}\r\n\r\n`), 431);
    });

    test('is told so also when it is longer than anybody would read', async () => {
      for (const [path, header] of [
        [pathOf(400 * KIB), 'x'],
        ['/concerts?bandIds=1', '1'.repeat(400 * KIB)],
      ]) {
        const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Long: ${header}\r\n\r\n`);
        expect([414, 431]).toContain(answer.status);
        expectProblem(answer, answer.status);
      }
    });

    test('takes a long URL beside long headers', async () => {
      const ids = Array.from({ length: 2_000 }, (_, index) => 4_294_960_000 + index).join(',');
      const { status } = await raw(`GET /concerts?bandIds=${ids} HTTP/1.1\r\nHost: x\r\nX-Long: ${'1'.repeat(40 * KIB)}\r\n\r\n`);
      expect(status).toBe(200);
    });
  });

  test.each([
    'GARBAGE\r\n\r\n',
    '\u0000\u0001\u0002\r\n\r\n',
    '{"bandIds":[1]}\r\n\r\n',
    'GET /concerts?bandIds=1 HTTP/9.9\r\n\r\n',
    'GET /concerts?bandIds=1 HTTP/1.1\r\nno colon\r\n\r\n',
    'GET /concerts?bandIds=1 HTTP/1.1\r\nX-Null: a\u0000b\r\n\r\n',
    'GET /concerts?bandIds=1 HTTP/1.1\r\n folded: x\r\n\r\n',
    'GET /a b HTTP/1.1\r\n\r\n',
    'BREW /concerts HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'POST /concerts/search HTTP/1.1\r\nContent-Length: ten\r\n\r\n',
    'POST /concerts/search HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /concerts/search HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456',
    'POST /concerts/search HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nZZ\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  ])('because it is no HTTP is answered with a problem: %j', async (text) => {
    expectProblem(await raw(text), 400);
  });

  test('because it expects what cannot be met is told so', async () => {
    expectProblem(await raw('GET /bands HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n'), 417);
  });

  test.each([
    'GET /concerts?bandIds=1 HTTP/1.0\r\n\r\n',
    'GET /concerts?bandIds=1 HTTP/1.1\r\n\r\n',
    'GET http://backline.example/concerts?bandIds=1 HTTP/1.1\r\nHost: backline.example\r\n\r\n',
  ])('is not what this is: %j', async (text) => {
    const { status } = await raw(text);
    expect(status).toBe(200);
  });
});
