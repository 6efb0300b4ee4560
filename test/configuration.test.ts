import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig, VERSION } from '#config';
import { CannotStart, EXIT_CANNOT_START } from '#problem';
import { type AppOptions, AppProcess, type Ended, runToEnd } from '../bench/support/app-process.js';
import { ownPlace } from '../bench/support/process-system.js';
import packageJson from '../package.json' with { type: 'json' };

const START_TIMEOUT_MS = 30_000;
/** On every Unix: a user who owns nothing. */
const NOBODY = 65_534;

let folder = '';
let environment: Record<string, string> = {};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-configuration-'));
  environment = await ownPlace(folder);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (app: string, variables: Record<string, string> = {}, options: Partial<AppOptions> = {}): Promise<Ended> =>
  runToEnd(`apps/${app}/src/main.js`, { cwd: folder, environment: { ...environment, ...variables }, ...options });

/** The one line that a process which can never start ends with. */
function onlyLine({ code, output, errors }: Ended): string {
  expect({ code, output, errors }).toEqual({ code: EXIT_CANNOT_START, output: '', errors: expect.stringMatching(/^[^\n]+\n$/) });
  return errors.trimEnd();
}

/** The fault that an environment is refused with. */
function faultOf(variables: Record<string, string>): string {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof CannotStart) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(variables)} is taken as right`);
}

const ports = [
  'GATEWAY_HTTP_PORT',
  'ORCHESTRATOR_HTTP_PORT',
  'INDEXER_HTTP_PORT',
  'BANDS_TCP_PORT',
  'VENUES_TCP_PORT',
  'EVENTS_TCP_PORT',
  'CONCERTS_TCP_PORT',
];
const urls = ['BANDS_URL', 'VENUES_URL', 'EVENTS_URL', 'CONCERTS_URL'];
const mongoUrls = [
  'MONGO_URL',
  'BANDS_MONGO_URL',
  'VENUES_MONGO_URL',
  'EVENTS_MONGO_URL',
  'CONCERTS_MONGO_URL',
  'ORCHESTRATOR_MONGO_URL',
];
const retentions = ['IDEMPOTENCY_RETENTION_DAYS', 'EXECUTION_RETENTION_DAYS', 'TOMBSTONE_RETENTION_DAYS'];

/** Every variable that can be wrong, with values that are, and a part of what it says is allowed. */
const wrongValues: [names: string[], values: string[], allowed: string][] = [
  [ports, ['no', '-1', '65536', '80.5', '1e3', '0x50', '8 0', '٣'], 'a port from 1 to 65535'],
  [['HOST'], ['not a host', '999.1.1.1', '1.2.3', 'a/b', 'http://a', '::z', 'a..b'], 'an IP address or a host name'],
  [
    urls,
    [
      'localhost:1',
      'http://a:1',
      'tcp://a',
      'tcp://:1',
      'tcp://a:0',
      'tcp://a:65536',
      'tcp://a:1/b',
      'tcp://a:1?b',
      'tcp://a:1#b',
      'tcp://b@a:1',
      'tcp://a:1,tcp://b:2',
    ],
    'tcp://host:port',
  ],
  [mongoUrls, ['localhost', 'http://a', 'mongodb://', 'mongodb:///a', 'mongo://a'], 'mongodb://host:port'],
  [['LOG_LEVEL'], ['loud', 'INFO', '30'], 'trace or debug or info or warn or error or fatal or silent'],
  [['CORS_ORIGIN'], ['example.org', 'https://a/', 'https://a/b', '*,https://a', 'https://a;https://b', 'null'], 'origins'],
  [['CACHE_MAX_AGE'], ['-1', '1.5', 'day', '31536001'], 'whole seconds from 0 to 31536000'],
  [retentions, ['0', '-1', '0.5', 'week', '3651'], 'whole days from 1 to 3650'],
  [['READ_MODEL'], ['memory', 'elastic'], 'services or elasticsearch'],
  [
    ['ELASTICSEARCH_URL'],
    ['localhost:9200', 'elastic://a', 'http://', 'http://a/?b=1', 'https://a#b', 'http://a%:b@c', 'http://a:%ff@c'],
    'http://host:port or https://user:password@host:port',
  ],
  [['ELASTICSEARCH_CA'], ['/no/such/file', '/', 'package.json'], 'the path of a readable file with certificates in PEM format'],
  [['ELASTICSEARCH_ALIAS'], ['Concerts', '-a', 'a.b', 'a*', 'a'.repeat(101)], 'lower-case letters'],
];
/** Any text is right here; what cannot be a folder is found out when it is opened. */
const cannotBeWrong = ['DATA_DIR', 'ORCHESTRATOR_NAME', 'INDEXER_NAME'];
/** What is wrong with these is told without showing it. */
const secrets = ['WRITE_TOKENS', 'ELASTICSEARCH_API_KEY'];

/** The names that the configuration asks its environment for. */
function variableNames(): string[] {
  const names = new Set<string>();
  readConfig(
    new Proxy<Record<string, undefined>>(
      {},
      {
        get: (_, name) => {
          names.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return [...names].sort();
}

describe('the configuration', () => {
  test.each(wrongValues.flatMap(([names, values, allowed]) => names.map((name) => ({ name, values, allowed }))))(
    'refuses a wrong $name, naming it, its value and what is allowed',
    ({ name, values, allowed }) => {
      for (const value of values) {
        const fault = faultOf({ [name]: value });
        expect(fault.startsWith(`${name} is ${JSON.stringify(value)}, allowed is `) || value.includes('@')).toBe(true);
        expect(fault).toContain(allowed);
        expect(fault).not.toContain('\n');
      }
    },
  );

  test('names every variable that is wrong, not only the first', () => {
    const wrong = Object.fromEntries(wrongValues.flatMap(([names, [value = '']]) => names.map((name) => [name, value])));
    const fault = faultOf(wrong);
    expect(Object.keys(wrong).filter((name) => !fault.includes(`${name} is "`))).toEqual([]);
  });

  test('is complete without any variable, and knows which can be wrong', () => {
    expect([...wrongValues.flatMap(([names]) => names), ...cannotBeWrong, ...secrets].sort()).toEqual(variableNames());
  });

  test('takes every form that is right', () => {
    const config = readConfig({
      HOST: '::1',
      BANDS_URL: 'tcp://[::1]:80',
      VENUES_URL: 'tcp://venues.example.org:8889',
      MONGO_URL: 'mongodb://user:pass@a:1,b:2/?replicaSet=rs0',
      BANDS_MONGO_URL: 'mongodb+srv://cluster.example.org',
      CORS_ORIGIN: 'https://example.org, http://localhost:5173',
    });
    expect(config).toMatchObject({
      services: {
        bands: { host: '::1', port: 80 },
        venues: { host: 'venues.example.org', port: 8889 },
        events: { host: '::1', port: 8886 },
      },
      mongoUrls: { bands: 'mongodb+srv://cluster.example.org', events: 'mongodb://user:pass@a:1,b:2/?replicaSet=rs0' },
      corsOrigins: ['https://example.org', 'http://localhost:5173'],
    });
    for (const host of ['0.0.0.0', 'localhost', 'a-b.example.org', 'bands', '3com.example'])
      expect(readConfig({ HOST: host }).host).toBe(host);
  });

  test.each([
    'http://user:secret@host',
    'mongo://user:secret@host:1/?replicaSet=a',
    'user:secret@host',
    'http://user:p/secret@word@host',
    'http://user:p:secret@host',
  ])('does not print the password of a wrong URL such as %s', (value) => {
    for (const name of mongoUrls) {
      const fault = faultOf({ [name]: value });
      expect(fault).not.toContain('secret');
      expect(fault).toContain('host');
    }
  });

  test('takes an Elasticsearch with a user, or with an API key, and not with both', () => {
    const url = 'https://elastic:p%40ss@search.example.org:9243';
    expect(readConfig({ ELASTICSEARCH_URL: url, READ_MODEL: 'elasticsearch' }).elasticsearch).toEqual({
      url: 'https://search.example.org:9243',
      login: { username: 'elastic', password: 'p@ss' },
      ca: undefined,
      alias: 'backline-concerts',
    });
    const ELASTICSEARCH_API_KEY = 'VnVhQ2ZHY0JDZGJrU';
    expect(readConfig({ ELASTICSEARCH_URL: 'http://a:9200', ELASTICSEARCH_API_KEY }).elasticsearch?.login).toEqual({
      apiKey: ELASTICSEARCH_API_KEY,
    });
    expect(faultOf({ ELASTICSEARCH_URL: url, ELASTICSEARCH_API_KEY })).toContain('are two ways to log in');
    expect(faultOf({ READ_MODEL: 'elasticsearch' })).toContain('needs ELASTICSEARCH_URL');
    expect(faultOf({ ELASTICSEARCH_API_KEY: 'not a key' })).not.toContain('not a key');
  });

  test('takes write tokens, of which a name may have several', () => {
    const tokens = 'shop:abcdefghijklmnop, shop:-._~+/ABCDEFGHIJ==,box.office_2-b:0123456789abcdef';
    expect(readConfig({ WRITE_TOKENS: tokens }).orchestrator.writeTokens).toEqual([
      { name: 'shop', secret: 'abcdefghijklmnop' },
      { name: 'shop', secret: '-._~+/ABCDEFGHIJ==' },
      { name: 'box.office_2-b', secret: '0123456789abcdef' },
    ]);
    expect(readConfig({ WRITE_TOKENS: ' ' }).orchestrator.writeTokens).toEqual([]);
  });

  test.each([
    ['secretsecretsecretsecret', 1],
    ['shop:secret', 1],
    ['shop:secretsecretsecret,secret', 2],
    ['shop:secretsecretsecret,:secretsecretsecret2', 2],
    ['shop:secretsecretsecret,box office:secretsecretsecret2', 2],
    ['shop:secretsecretsecret,box:secret secret secret', 2],
    ['shop:secretsecretsecret,box:secret"secret"secret', 2],
    ['shop:secretsecretsecret,box:secretsecretsecret', 2],
    ['shop:secretsecretsecret,', 2],
    [`shop:secretsecretsecret,${'x'.repeat(65)}:secretsecretsecret2`, 2],
  ])('tells of the wrong write tokens %s no more than the place of the wrong one', (value, position) => {
    const fault = faultOf({ WRITE_TOKENS: value });
    expect(fault).toMatch(/^WRITE_TOKENS is wrong, allowed is name:secret, separated by commas/);
    expect(fault).toContain(`entry ${position} is not so`);
    expect(fault.replace('name:secret,', '').replace('same secret', '')).not.toMatch(/secretsecret|secret"|shop|box/);
  });

  test('is described whole, and nothing else, in .env.example and in the README', () => {
    const described = readFileSync('.env.example', 'utf8').matchAll(/^([A-Z_]+)=/gm);
    expect([...described].map(([, name]) => name).sort()).toEqual(variableNames());
    const table = existsSync('README.md') ? [...readFileSync('README.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)] : [];
    expect(table.map(([, name]) => name).sort()).toEqual(variableNames());
  });

  test('says the version of the package', () => {
    expect(VERSION).toBe(packageJson.version);
  });
});

describe('a process', () => {
  test.each(['bands', 'concerts-gateway'])('of %s ends with one line that names all wrong variables', async (app) => {
    const line = onlyLine(await run(app, { GATEWAY_HTTP_PORT: 'http', LOG_LEVEL: 'loud', MONGO_URL: 'http://u:secret@a' }));
    expect(line).toMatch(/^[a-z-]+ cannot start: /);
    expect(line).toContain('GATEWAY_HTTP_PORT is "http", allowed is a port');
    expect(line).toContain('LOG_LEVEL is "loud"');
    expect(line).toContain('MONGO_URL is "http://***@a"');
  });

  test('reads .env, and what the environment says wins', async () => {
    await writeFile(join(folder, '.env'), 'LOG_LEVEL=loud\nCACHE_MAX_AGE=day\n');
    const line = onlyLine(await run('bands', { LOG_LEVEL: 'info' }));
    expect(line).toContain('CACHE_MAX_AGE is "day"');
    expect(line).not.toContain('LOG_LEVEL');
  });

  test('whose .env cannot be read says so', async () => {
    await mkdir(join(folder, '.env'));
    expect(onlyLine(await run('bands'))).toContain('.env');
  });

  test.each([
    { app: 'venues', variable: 'VENUES_TCP_PORT' },
    { app: 'concerts-gateway', variable: 'GATEWAY_HTTP_PORT' },
  ])('of $app whose port is taken says which', async ({ app, variable }) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(Number(environment[variable]), '127.0.0.1', resolve));
    try {
      expect(onlyLine(await run(app))).toContain(`127.0.0.1:${environment[variable]} is taken`);
    } finally {
      taken.close();
    }
  });

  test.each(['bands', 'concerts-gateway'])('of %s whose address is none of this machine says so', async (app) => {
    expect(onlyLine(await run(app, { HOST: '203.0.113.1' }))).toContain('203.0.113.1');
  });
});

describe('a service whose store', () => {
  const file = () => join(folder, 'data/bands.sqlite');

  /** A store as a service leaves it. */
  async function makeStore(): Promise<void> {
    const app = new AppProcess('apps/bands/src/main.js', { cwd: folder, environment });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!app.printed.includes('bands answers') && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const { code } = await app.end();
    expect(code).toBe(0);
  }

  beforeEach(() => mkdir(join(folder, 'data')));

  test.each<[string, () => Promise<unknown>]>([
    ['is garbage', () => writeFile(file(), randomBytes(100_000))],
    ['is a text file', () => writeFile(file(), 'name,genres\nRadiohead,rock\n'.repeat(1_000))],
    ['is a folder', () => mkdir(file())],
    [
      'is garbage behind the header of a database',
      () => writeFile(file(), Buffer.concat([Buffer.from('SQLite format 3\0'), randomBytes(100_000)])),
    ],
  ])('%s ends with one line that names it', async (_, damage) => {
    await damage();
    expect(onlyLine(await run('bands'))).toContain(file());
  });

  test('was cut off ends with one line that names it', async () => {
    await makeStore();
    await truncate(file(), 10_000);
    expect(onlyLine(await run('bands'))).toContain(file());
  });

  test('is from a newer version ends with one line that says so, and leaves the store as it is', async () => {
    await makeStore();
    const database = new DatabaseSync(file());
    database.exec('pragma user_version = 99');
    database.close();
    const line = onlyLine(await run('bands'));
    expect(line).toContain(file());
    expect(line).toContain('version 99');
    const after = new DatabaseSync(file(), { readOnly: true });
    expect(after.prepare('pragma user_version').get()).toEqual({ user_version: 99 });
    after.close();
  });

  test('may not be written ends with one line that names it', async () => {
    await makeStore();
    await chmod(file(), 0o444);
    await chmod(join(folder, 'data'), 0o555);
    await chmod(folder, 0o755);
    try {
      // Permissions do not bind root.
      expect(onlyLine(await run('bands', {}, process.getuid?.() === 0 ? { uid: NOBODY } : {}))).toContain(file());
    } finally {
      await chmod(join(folder, 'data'), 0o755);
    }
  });

  test('has a file where its folder should be ends with one line that names it', async () => {
    await writeFile(join(folder, 'occupied'), '');
    expect(onlyLine(await run('bands', { DATA_DIR: join(folder, 'occupied') }))).toContain(join(folder, 'occupied'));
  });
});
