import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openElasticsearch } from '../src/elasticsearch-client.js';
import { ElasticsearchIndices } from '../src/elasticsearch-indices.js';
import { liveEntry } from './entries.js';

const NAME = 'concerts.v1.000001';

interface Answer {
  status: number;
  body: unknown;
  product?: string;
}

/** What stands between may answer by itself. */
const PROXY = '<html>a proxy</html>';

/** What the server answers each request with. */
let answer: Answer;
/** The headers of the last request. */
let asked: IncomingHttpHeaders;
let url = '';
let server: Server;
let client: Client;
let indices: ElasticsearchIndices;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { status, body, product = 'Elasticsearch' } = answer;
    asked = request.headers;
    const type = body === PROXY ? 'text/html' : 'application/json';
    response.writeHead(status, { 'content-type': type, 'x-elastic-product': product });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  url = `http://127.0.0.1:${address.port}`;
  client = await openElasticsearch({ url, login: undefined, ca: undefined, alias: 'concerts' });
  indices = new ElasticsearchIndices(client, 'concerts');
});
afterAll(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

const errorOf = (type: string) => ({ error: { type, reason: 'for a test' } });
const itemOf = (status: number, type: string) => ({ index: { status, error: { type, reason: 'for a test' } } });

test.each([
  [429, errorOf('es_rejected_execution_exception'), 'Overloaded'],
  [413, PROXY, 'Overloaded'],
  [503, errorOf('cluster_block_exception'), 'Unavailable'],
  [502, PROXY, 'Unavailable'],
  [500, errorOf('null_pointer_exception'), 'Unavailable'],
  [504, PROXY, 'Timeout'],
  [403, errorOf('security_exception'), 'Unavailable'],
  [400, errorOf('illegal_argument_exception'), 'Internal'],
  [404, PROXY, 'Internal'],
])('a whole bulk that is answered with %i %j is %s', async (status, body, code) => {
  answer = { status, body };
  await expect(indices.write(NAME, [liveEntry(1), liveEntry(2)])).rejects.toMatchObject({ code });
});

test('a single entry that is too large for what is on the way is refused, since there is no smaller bulk', async () => {
  answer = { status: 413, body: '<html>a proxy</html>' };
  const reason = expect.stringContaining('413');
  expect(await indices.write(NAME, [liveEntry(1)])).toEqual([{ outcome: 'refused', reason }]);
});

test('what goes wrong on the way says so, and nothing is taken for done', async () => {
  answer = { status: 200, body: '{"items": [' };
  await expect(indices.write(NAME, [liveEntry(1)])).rejects.toMatchObject({ code: 'Unavailable' });
  answer = { status: 200, body: { items: [] } };
  await expect(indices.write(NAME, [liveEntry(1)])).rejects.toMatchObject({ code: 'Unavailable' });
  answer = { status: 200, body: {}, product: 'another' };
  await expect(indices.write(NAME, [liveEntry(1)])).rejects.toMatchObject({ code: 'Unavailable' });
  answer = { status: 200, body: { _shards: { total: 1, successful: 0, failed: 0 } } };
  await expect(indices.refresh(NAME)).rejects.toMatchObject({ code: 'Unavailable' });
  answer = { status: 404, body: PROXY };
  await expect(indices.readCheckpoint(NAME)).rejects.toMatchObject({ code: 'Internal' });
});

test('of the entries of a bulk, each has an outcome of its own', async () => {
  const items = [
    { index: { status: 201 } },
    { index: { status: 200 } },
    itemOf(409, 'version_conflict_engine_exception'),
    itemOf(429, 'es_rejected_execution_exception'),
    itemOf(503, 'unavailable_shards_exception'),
    itemOf(400, 'document_parsing_exception'),
    itemOf(403, 'cluster_block_exception'),
  ];
  answer = { status: 200, body: { items } };
  const outcomes = await indices.write(
    NAME,
    items.map((_, at) => liveEntry(at + 1)),
  );
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['written', 'written', 'newer', 'retry', 'retry', 'refused', 'retry']);
  expect(outcomes[5]).toEqual({ outcome: 'refused', reason: 'document_parsing_exception: for a test' });
});

test('an API key is sent as it was given, and no telemetry with it', async () => {
  const byKey = await openElasticsearch({ url, login: { apiKey: 'aWQ6c2VjcmV0' }, ca: undefined, alias: 'concerts' });
  answer = { status: 200, body: {} };
  await new ElasticsearchIndices(byKey, 'concerts').names();
  await byKey.close();
  expect(asked.authorization).toBe('ApiKey aWQ6c2VjcmV0');
  expect(asked['x-elastic-client-meta']).toBeUndefined();
});
