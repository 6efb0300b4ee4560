import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ElasticsearchConfig } from '#config';
import { OwnElasticsearch } from '../../../bench/support/own-elasticsearch.js';
import { configOf, describeWithOwnElasticsearch } from '../../../test/support/elasticsearch.js';
import { openElasticsearch } from '../src/elasticsearch-client.js';
import { ElasticsearchIndices } from '../src/elasticsearch-indices.js';
import { nameOfIndex } from '../src/index-definition.js';
import { checkpointOf, liveEntry } from './entries.js';

const START_DEADLINE_MS = 200_000;
const HOST = '127.0.0.1';
const ALIAS = 'concerts';
const NAME = nameOfIndex(ALIAS, 1);
const USER = 'backline';
const PASSWORD = 'p@ss/w:rd%';
/** What `elasticsearch-users useradd` wrote for that password. */
const USERS = `${USER}:$2a$10$QtXHOXHQWVa1QponVSorZ.gZZhoOa3SnKxT/FzlaFZw7g0bTPkPp2\n`;

const withLogin = (url: string, password = PASSWORD) => url.replace('://', `://${USER}:${encodeURIComponent(password)}@`);

describeWithOwnElasticsearch('an Elasticsearch that wants a login', () => {
  let elasticsearch: OwnElasticsearch;
  let indices: ElasticsearchIndices;
  const clients: Client[] = [];
  const indicesOf = async (config: ElasticsearchConfig) => {
    const client = await openElasticsearch(config);
    clients.push(client);
    return new ElasticsearchIndices(client, config.alias);
  };

  beforeAll(async () => {
    elasticsearch = await OwnElasticsearch.start({
      settings: ['xpack.security.enabled: true', 'xpack.security.http.ssl.enabled: false'],
      files: { users: USERS, users_roles: `superuser:${USER}\n` },
      authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`,
    });
    indices = await indicesOf(configOf(withLogin(elasticsearch.url), ALIAS));
    await indices.create(NAME);
  }, START_DEADLINE_MS);
  afterAll(async () => {
    for (const client of clients) await client.close();
    await elasticsearch?.stop();
  });

  test('a user with the password may do all that is needed', async () => {
    await indices.swapTo(NAME);
    expect(await indices.current()).toBe(NAME);
    expect(await indices.write(NAME, [liveEntry(1)])).toEqual([{ outcome: 'written' }]);
  });

  test('a wrong password, or none, is said, and is no reason to stop asking', async () => {
    for (const url of [withLogin(elasticsearch.url, 'wrong'), elasticsearch.url]) {
      const refused = await indicesOf(configOf(url, ALIAS));
      await expect(refused.names()).rejects.toMatchObject({ code: 'Unavailable', detail: expect.stringContaining('401') });
    }
  });

  test(
    'what was written survives a kill, and meanwhile it is said that Elasticsearch is away',
    async () => {
      const ids = Array.from({ length: 50 }, (_, at) => 100 + at);
      const outcomes = await indices.write(
        NAME,
        ids.map((id) => liveEntry(id)),
      );
      expect(outcomes.every(({ outcome }) => outcome === 'written')).toBe(true);
      const position = await indices.storeCheckpoint(NAME, checkpointOf('a'), undefined);
      await elasticsearch.kill();
      const calls = [() => indices.current(), () => indices.write(NAME, [liveEntry(1)]), () => indices.refresh(NAME)];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'Unavailable' });
      await elasticsearch.resume();
      expect(await indices.readCheckpoint(NAME)).toEqual({ checkpoint: checkpointOf('a'), position });
      await indices.refresh(NAME);
      expect((await indices.entriesAfter(NAME, 99, 1_000)).map(({ id }) => id)).toEqual(ids);
    },
    START_DEADLINE_MS,
  );

  test('one that does not answer is not waited for without end', async () => {
    await elasticsearch.freeze();
    await expect(indices.readCheckpoint(NAME)).rejects.toMatchObject({ code: 'Timeout' });
    elasticsearch.thaw();
    expect(await indices.names()).toEqual([NAME]);
  });

  test('by TLS, its certificate must be signed by the given authority', async () => {
    const tls = await startTls(elasticsearch.url);
    try {
      const config = configOf(withLogin(tls.url), ALIAS);
      expect(await (await indicesOf({ ...config, ca: tls.ca })).names()).toEqual([NAME]);
      await expect((await indicesOf(config)).names()).rejects.toMatchObject({ code: 'Unavailable' });
    } finally {
      tls.stop();
    }
  });
});

/** A way to a server by TLS, with a certificate that nobody knows but who is given it. */
async function startTls(url: string): Promise<{ url: string; ca: string; stop(): void }> {
  const { key, certificate } = await newCertificate();
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert: certificate }, (socket) => {
    const behind = connect(Number(new URL(url).port), HOST);
    for (const end of [socket, behind]) sockets.add(end.on('error', () => undefined));
    socket.pipe(behind).pipe(socket);
  });
  await once(server.listen(0, HOST), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `https://${HOST}:${address.port}`, ca: certificate, stop };
}

async function newCertificate(): Promise<{ key: string; certificate: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'backline-tls-'));
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=IP:${HOST}`];
    const words = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...subject,
      '-keyout',
      key,
      '-out',
      certificate,
    ];
    execFileSync('openssl', words, { stdio: 'ignore' });
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
  } finally {
    await rm(folder, { recursive: true });
  }
}
