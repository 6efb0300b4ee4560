import { gzipSync } from 'node:zlib';
import { seededRandom } from './seeded-random.js';

interface Schema {
  type?: string;
  enum?: string[];
  format?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
}

/** The part of an OpenAPI document that requests are made from. */
export interface OpenApi {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { name: string; in: string; schema: Schema }[];
        requestBody?: { content: Record<string, { schema: Schema }> };
      }
    >
  >;
}

/** What is sent over one connection: one or more requests, or what looks like them. */
export interface HostileRequest {
  bytes: Buffer;
  /** The methods of the requests, in their order: an answer to HEAD has no body. */
  methods: string[];
  /** Whether it is whole, so that there must be an answer; half of one may be answered by nothing. */
  isWhole: boolean;
}

interface Parts {
  method: string;
  target: string;
  version: string;
  headers: [string, string][];
  body: string;
}

const CRLF = '\r\n';

/** Requests without end, the same for the same seed: a fifth is as the document wants it, the others are wrong in some way. */
export function* hostileRequests(document: OpenApi, seed: number): Generator<HostileRequest, never> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const chance = (share: number): boolean => random() < share;
  const oneOf = <T>(choices: readonly [T, ...T[]]): T => choices[below(choices.length)] ?? choices[0];
  const someOf = <T>(all: readonly T[], share: number): T[] => all.filter(() => chance(share));
  const garbage = (most: number): string => String.fromCharCode(...Array.from({ length: 1 + below(most) }, () => below(256)));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );

  const valid = (schema: Schema): unknown => {
    if (schema.enum) return schema.enum[below(schema.enum.length)];
    if (schema.type === 'array') return Array.from({ length: 1 + below(5) }, () => valid(schema.items ?? {}));
    if (schema.type === 'integer')
      return oneOf([0, 1, 1 + below(500), 1 + below(100), Math.min(schema.maximum ?? 1e15, 1e15)]) || schema.minimum;
    if (schema.type === 'number') {
      const least = Math.max(schema.minimum ?? 0, -1_000);
      return oneOf([least, schema.maximum ?? 20_000, least + random() * ((schema.maximum ?? 1_000) - least)]);
    }
    if (schema.format === 'moment')
      return oneOf(['2020-01-01', '2024-02-29T12:00:00Z', '2019-06-01T00:00:00+14:00', '1577836800000']);
    return oneOf(['a', 'The', 'Óscar', '東京', 'x y']);
  };

  const wrong = (): string =>
    oneOf<() => string>([
      () =>
        oneOf([
          '',
          ' ',
          '-1',
          '0',
          '1.5',
          '1e400',
          '-1e400',
          'NaN',
          'Infinity',
          '0x10',
          '1_000',
          '٣',
          'true',
          'null',
          '[]',
          '{}',
        ]),
      () =>
        oneOf(['9007199254740992', '99999999999999999999', '-9007199254740993', '1e-400', '+5', '--5', '5,', ',', ',,', '1,a']),
      () =>
        oneOf(['%00', '%ff', '%c0%80', '%', '%zz', '%u0041', '%ed%a0%80', '%0d%0aX: y', '%2e%2e%2f', '%F0%9F%92%A9', '%25', '+']),
      () =>
        oneOf([
          '2020-02-30',
          '2020-13-01',
          '0000-01-01',
          '-271821-04-20',
          '275760-09-14',
          '2020-01-01T25:00Z',
          '2020-01-01T00:00:00+99:99',
        ]),
      () =>
        oneOf([
          "' or 1=1 --",
          '"; drop table concerts; --',
          '{"$gt":""}',
          '$where',
          '__proto__',
          'constructor',
          '../../etc/passwd',
          '*',
          'a*"b',
        ]),
      () => 'x'.repeat(below(5_000)),
      () => Array.from({ length: below(3_000) }, (_, at) => at).join(','),
      () => encodeURIComponent(garbage(50)),
    ])();

  const query = (parameters: readonly { name: string; schema: Schema }[], wrongShare: number): string => {
    const parts = someOf(parameters, 0.4).map(({ name, schema }) => {
      const value = chance(wrongShare) ? wrong() : encodeURIComponent(String(valid(schema)));
      return `${chance(wrongShare / 4) ? wrong() : name}=${value}`;
    });
    if (chance(wrongShare / 2))
      parts.push(
        oneOf([
          '__proto__=1',
          'constructor[prototype]=1',
          'a[b][c]=1',
          'limit=1&limit=2',
          'bandIds[]=1',
          '=',
          '&&&',
          '?',
          'hasOwnProperty=1',
        ]),
      );
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };

  const nested = (): string => {
    const depth = 1 + below(100_000);
    return oneOf([
      '['.repeat(depth) + ']'.repeat(depth),
      '['.repeat(depth),
      `${'{"a":'.repeat(depth / 4)}1${'}'.repeat(depth / 4)}`,
      `{"bandIds":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    ]);
  };

  const jsonValue = (): string =>
    oneOf<() => string>([
      () =>
        oneOf(['null', 'true', '-1', '1e999', '"x"', '[]', '{}', '[null]', '[{}]', '"\\u0000"', '"\\ud800"', '1.5', '[1,"2"]']),
      () => JSON.stringify(wrong()),
      () => nested(),
      () => JSON.stringify(Array.from({ length: below(20_000) }, (_, at) => at)),
    ])();

  const body = (schema: Schema, wrongShare: number): string => {
    if (chance(wrongShare / 2)) {
      return oneOf<() => string>([
        nested,
        jsonValue,
        () =>
          oneOf(['', '{', '{"bandIds":[1]', "{'bandIds':[1]}", '\ufeff{"bandIds":[1]}', '{"bandIds":[1]}}', 'bandIds=1', '<a/>']),
        () => garbage(500),
        () => '{"bandIds":[1],"__proto__":{"limit":1}}',
        () => '{"constructor":{"prototype":{"limit":1}}}',
        () => `{"bandIds":[${'1,'.repeat(below(150_000))}1]}`,
        () => '{"bandIds":[1],"bandIds":[2]}',
      ])();
    }
    const members = someOf(Object.entries(schema.properties ?? {}), 0.4).map(
      ([name, one]) =>
        `${JSON.stringify(chance(wrongShare / 8) ? wrong() : name)}:${chance(wrongShare) ? jsonValue() : JSON.stringify(valid(one))}`,
    );
    return `{${members.join(',')}}`;
  };

  const request = (wrongShare: number): Parts => {
    const { path, method, parameters = [], requestBody } = operations[below(operations.length)] ?? { path: '/', method: 'GET' };
    const target = path.replace(/\{\w+\}/g, () => (chance(wrongShare) ? wrong() : String(1 + below(1_000))));
    const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
    const text = schema ? body(schema, wrongShare) : '';
    return {
      method: method === 'GET' && chance(0.1) ? 'HEAD' : method,
      target:
        target +
        query(
          parameters.filter((one) => one.in === 'query'),
          wrongShare,
        ),
      version: 'HTTP/1.1',
      headers: [['host', 'localhost'], ...(schema ? [['content-type', 'application/json'] satisfies [string, string]] : [])],
      body: text,
    };
  };

  const bytesOf = ({ method, target, version, headers, body: text }: Parts, length = true): Buffer => {
    const content = Buffer.from(text, 'latin1');
    const all = length && content.length > 0 ? [...headers, ['content-length', String(content.length)]] : headers;
    // A raw target must not end its line, unless that is what is tried.
    const line = `${method} ${target.replaceAll(' ', '%20')} ${version}`;
    return Buffer.concat([
      Buffer.from([line, ...all.map(([name = '', value = '']) => `${name}: ${value}`), '', ''].join(CRLF), 'latin1'),
      content,
    ]);
  };
  const whole = (parts: Parts): HostileRequest => ({ bytes: bytesOf(parts), methods: [parts.method], isWhole: true });
  const withHeaders = (...headers: [string, string][]): HostileRequest => {
    const parts = request(0.1);
    return whole({ ...parts, headers: [...parts.headers, ...headers] });
  };
  const posting = (headers: string[], text: string): HostileRequest => ({
    bytes: Buffer.from(
      ['POST /concerts/search HTTP/1.1', 'host: localhost', 'content-type: application/json', ...headers, '', text].join(CRLF),
      'latin1',
    ),
    methods: ['POST'],
    isWhole: true,
  });
  const searchBody = '{"bandIds":[1],"limit":1}';
  const chunked = (text: string): string => `${text.length.toString(16)}${CRLF}${text}${CRLF}0${CRLF}${CRLF}`;

  const kinds: readonly [() => HostileRequest, ...(() => HostileRequest)[]] = [
    () => whole(request(0)),
    () => whole(request(0)),
    () => whole(request(0.3)),
    () => whole(request(0.9)),
    // methods
    () =>
      whole({
        ...request(0.2),
        method: oneOf(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'PURGE', 'LINK']),
      }),
    () => whole({ ...request(0), method: oneOf(['get', 'GETT', 'G\tT', '', 'Ünknown', 'X'.repeat(1 + below(5_000))]) }),
    // targets
    () => {
      const parts = request(0.2);
      const target = oneOf([
        `http://elsewhere.example${parts.target}`,
        `https://a:b@localhost:99999${parts.target}`,
        `//localhost${parts.target}`,
        `${parts.target}#fragment`,
        `/..${parts.target}`,
        `/.${parts.target}`,
        `${parts.target}/`,
        parts.target.toUpperCase(),
        '*',
        'localhost:80',
        '/openapi.json?a=%',
        '/api/../../package.json',
        '/api/%2e%2e/%2e%2e/package.json',
        `/api/${wrong()}`,
        `/${garbage(60).replaceAll(/[\s\0]/g, '')}`,
        `/${'a/'.repeat(below(5_000))}`,
        `/concerts?${'a&'.repeat(below(30_000))}`,
      ]);
      return whole({ ...parts, target });
    },
    () => whole({ ...request(0), target: `/concerts?bandIds=${'1,'.repeat(25_000 + below(120_000))}1` }),
    // versions
    () =>
      whole({
        ...request(0.1),
        version: oneOf(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/3', 'HTTP/1.1 ', 'http/1.1', 'HTTP/11.1', 'FTP/1.1', '']),
      }),
    () => ({ bytes: Buffer.from(`PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}${CRLF}`), methods: ['PRI'], isWhole: true }),
    () => ({ bytes: Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'), methods: ['TLS'], isWhole: true }),
    () => ({ bytes: Buffer.from(`${garbage(300)}${CRLF}${CRLF}`, 'latin1'), methods: ['garbage'], isWhole: false }),
    // headers
    () => withHeaders(['request-timeout', oneOf(['-1', 'NaN', '1e9', '9999', '', '0', '5;5', 'a'.repeat(100)])]),
    () =>
      withHeaders(
        ['x-request-id', oneOf(['', 'a'.repeat(1_000), '\xff\xfe', '{}', 'ok-1'])],
        ['traceparent', oneOf(['', '00-0-0-0', 'x'.repeat(500)])],
      ),
    () => withHeaders(['if-none-match', oneOf(['*', '""', 'W/"', '"a", "b"', ','.repeat(10_000), 'x'.repeat(30_000)])]),
    () =>
      withHeaders(
        ['accept', oneOf(['text/html', '', 'application/json;q=0', '*/*;q=0', 'x', ','])],
        ['accept-encoding', oneOf(['br', 'gzip', 'identity;q=0', '*;q=0', 'zstd', ';;;', 'br;q=x'])],
      ),
    () => withHeaders(['origin', oneOf(['null', 'https://a', '*', 'x'])], ['access-control-request-method', 'POST']),
    () => withHeaders(['expect', oneOf(['100-continue', '200-ok', '', 'x'.repeat(500)])]),
    () =>
      withHeaders(
        ['upgrade', oneOf(['websocket', 'h2c', 'x'])],
        ['connection', oneOf(['upgrade', 'close', 'keep-alive, upgrade', 'te', ''])],
      ),
    () =>
      withHeaders(
        ['range', 'bytes=0-1,5-'],
        ['cookie', 'a=b'.repeat(below(3_000))],
        ['x-forwarded-for', garbage(20).replaceAll(/[\r\n\0]/g, '')],
      ),
    () => withHeaders(...Array.from({ length: below(2_500) }, (_, at): [string, string] => [`x-${at}`, '1'])),
    () => withHeaders([`x-${'n'.repeat(below(70_000))}`, 'v'.repeat(below(70_000))]),
    () => withHeaders([oneOf(['bad name', 'bad:name', '', '(x)', 'x\0y', 'ü']), 'v']),
    () => withHeaders(['x', oneOf(['a\0b', 'a\rb', 'a\nb', `a${CRLF} folded`, '\x7f'])]),
    () => withHeaders(['host', oneOf(['elsewhere.example', '', 'a b', '[::', 'a:99999'])]),
    () => whole({ ...request(0), headers: [] }),
    // bodies
    () => whole({ ...request(0), method: 'GET', body: searchBody }),
    () => {
      const type = oneOf([
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'application/json; charset=utf-16',
        'application/json;',
        'APPLICATION/JSON',
        'application/xml',
        '',
        '*/*',
        'application/problem+json',
        '/',
        'a'.repeat(500),
      ]);
      return whole({
        ...request(0),
        method: 'POST',
        target: '/concerts/search',
        headers: [
          ['host', 'a'],
          ['content-type', type],
        ],
        body: searchBody,
      });
    },
    () =>
      posting(
        [
          `content-length: ${searchBody.length}`,
          oneOf(['content-encoding: gzip', 'content-encoding: br', 'content-encoding: x', 'content-type: text/plain']),
        ],
        searchBody,
      ),
    () => {
      const bomb = gzipSync(Buffer.alloc(below(20_000_000), ' ')).toString('latin1');
      return posting([`content-length: ${bomb.length}`, 'content-encoding: gzip'], bomb);
    },
    // lengths and smuggling
    () =>
      posting(
        [
          `content-length: ${oneOf(['-1', '1e1', '+25', '0x19', '25, 25', '25,26', '', ' ', '99999999999999999999', '262145', '1.0'])}`,
        ],
        searchBody,
      ),
    () =>
      posting(
        [`content-length: ${searchBody.length}`, `content-length: ${oneOf([String(searchBody.length), '1', '999'])}`],
        searchBody,
      ),
    () =>
      posting(
        [
          `content-length: ${searchBody.length}`,
          `transfer-encoding: ${oneOf(['chunked', 'chunked, identity', 'gzip, chunked', 'xchunked', ' chunked', 'Chunked', 'identity'])}`,
        ],
        chunked(searchBody),
      ),
    () =>
      posting(
        [
          `transfer-encoding: ${oneOf(['chunked', 'chunked, chunked', 'gzip', 'identity', 'chunk', 'chunked;q=1', '\x0bchunked'])}`,
        ],
        chunked(searchBody),
      ),
    () =>
      posting(
        ['transfer-encoding: chunked'],
        oneOf(['zz', '-1', 'ffffffffffffffff1', '', '5;ext=1', '0x5', '5 ']) + CRLF + searchBody,
      ),
    () =>
      posting(
        ['transfer-encoding: chunked'],
        `19${';x=y'.repeat(below(5_000))}${CRLF}${searchBody}${CRLF}0${CRLF}X-Trailer: 1${CRLF}${CRLF}`,
      ),
    () => posting(['transfer-encoding: chunked'], chunked('x'.repeat(300_000))),
    () => posting([`content-length: ${searchBody.length}`], `${searchBody}GET /admin HTTP/1.1${CRLF}x: `),
    // several at once, halves, and line ends
    () => {
      const several = Array.from({ length: 2 + below(9) }, () => request(0.1));
      return {
        bytes: Buffer.concat(several.map((parts) => bytesOf(parts))),
        methods: several.map(({ method }) => method),
        isWhole: true,
      };
    },
    () => {
      const parts = request(0.1);
      const bytes = bytesOf(parts);
      return { bytes: bytes.subarray(0, below(bytes.length)), methods: [parts.method], isWhole: false };
    },
    () => {
      const parts = request(0);
      return {
        bytes: Buffer.from(
          bytesOf(parts)
            .toString('latin1')
            .replaceAll(CRLF, oneOf(['\n', '\r', '\n\r', '\r\r\n'])),
          'latin1',
        ),
        methods: [parts.method],
        isWhole: false,
      };
    },
  ];
  for (;;) yield oneOf(kinds)();
}
