import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig, type ServiceName, serviceNames } from '#config';
import { bandCalls, concertCalls, eventCalls, venueCalls } from '#contracts';
import { RpcClient } from '#rpc';
import { freePorts, tcpPortVariables } from '../bench/support/ports.js';
import { kindNames, kinds } from '../scripts/import/kinds.js';
import { LEEWAY_MS } from './support/leeway.js';
import { System } from './support/system.js';

const DIST = join(import.meta.dirname, '../dist');
const SONGKICK = join(import.meta.dirname, '../../shared/data/songkick');
/** No import of a test takes nearly as long; one that hangs must not outlive its test. */
const COMMAND_TIMEOUT_MS = 60_000;

let folder = '';
/** What processes are started with: no other variables reach them. */
let environment: Record<string, string> = {};
const closers: (() => Promise<unknown>)[] = [];

// Nothing runs on these ports until an import starts it.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-import-'));
  const ports = await freePorts(serviceNames.length);
  environment = { DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error', ...tcpPortVariables(ports) };
});

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await rm(folder, { recursive: true });
});

/** The services of the environment, running in this process. */
async function startSystem(): Promise<System> {
  const system = await System.start(environment);
  closers.push(() => system.close());
  return system;
}

interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

// It runs in the test's own folder, where no `.env` says where else the stores are.
function start(...options: string[]): { process: ChildProcess; ended: Promise<Ended> } {
  return startScript('import', options);
}

function startScript(name: 'import' | 'demo', options: string[]): { process: ChildProcess; ended: Promise<Ended> } {
  const command = spawn(process.execPath, [join(DIST, `scripts/${name}.js`), ...options], {
    cwd: folder,
    env: environment,
    timeout: COMMAND_TIMEOUT_MS,
  });
  let [output, errors] = ['', ''];
  command.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  command.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const ended = once(command, 'close').then(([code]) => ({ code, output, errors }));
  return { process: command, ended };
}

const runImport = (...options: string[]): Promise<Ended> => start(...options).ended;

/** The counts of a kind in the table: read, created, updated, unchanged, faulty, same name. */
const countsOf = (kind: string, { output }: Ended): number[] =>
  (output.split('\n').find((line) => line.startsWith(kind)) ?? '')
    .split(/\s+/)
    .slice(1)
    .map((count) => Number(count.replaceAll(',', '')));

const client = (service: ServiceName) => new RpcClient({ service, ...readConfig(environment).services[service] });

async function write(name: string, content: string): Promise<void> {
  await writeFile(join(folder, name), content);
}

const ndjson = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const ENOUGH = 10_001;

/** Everything that the stores hold. The services must be running. */
async function stored(): Promise<Record<string, unknown[]>> {
  const clients = serviceNames.map(client);
  const [bands, venues, events, concerts] = clients;
  const context = { deadline: Date.now() + 10_000, requestId: 'stored', traceId: 'stored' };
  try {
    return {
      bands: (await bands?.call(bandCalls.list, { limit: ENOUGH }, context))?.items ?? [],
      venues: (await venues?.call(venueCalls.list, { limit: ENOUGH }, context))?.items ?? [],
      events: (await events?.call(eventCalls.list, { limit: ENOUGH }, context))?.items ?? [],
      concerts: (await concerts?.call(concertCalls.find, { sort: 'date', status: 'any', limit: ENOUGH }, context))?.items ?? [],
    };
  } finally {
    for (const one of clients) one.close();
  }
}

const bands = [
  { id: 1, name: 'Ünder "Quoted", Comma', genres: ['rock', 'post-punk'], aliases: ['A;B'] },
  { id: 2, name: '311', externalIds: [{ system: 'musicbrainz', id: 'x-1' }] },
  { id: 3, name: 'Line\u2028Separator' },
];
const venues = [
  { id: 10, name: 'Hall', city: 'Berlin', region: null, country: 'DE', latitude: 52.5, longitude: 13.4 },
  { id: 11, name: 'Pier', latitude: -33.85, longitude: 151.2, timeZone: 'Australia/Sydney' },
];
const events = [
  {
    id: 5,
    name: 'Two Bands',
    kind: 'bill',
    startDate: 1_700_000_000_000,
    endDate: 1_700_000_000_000,
    url: 'https://example.org/5',
  },
];
const concerts = [
  { bandId: 1, venueId: 10, eventId: 5, date: 1_700_000_000_000 },
  { bandId: 2, venueId: 10, eventId: 5, date: 1_700_000_000_000, role: 'support', billingIndex: 1 },
  { id: 900, bandId: 2, venueId: 11, date: -62_135_553_600_000, status: 'cancelled' },
];

describe('an import', () => {
  const songkickTest = existsSync(SONGKICK) ? test : test.skip;
  if (!existsSync(SONGKICK))
    process.stderr.write('the import of the Songkick folder is not tested: ../shared/data/songkick is not there\n');

  songkickTest(
    'starts the services when none runs, loads the Songkick folder, and twice changes nothing',
    async () => {
      const first = await runImport('--from', SONGKICK);
      expect(first).toMatchObject({ code: 0, errors: expect.stringContaining('starting the four') });
      expect(countsOf('bands', first)).toEqual([1_401, 1_401, 0, 0, 0, 0]);
      expect(countsOf('venues', first)).toEqual([376, 376, 0, 0, 0, 0]);
      expect(countsOf('concerts', first)).toEqual([20_627, 20_627, 0, 0, 0, 0]);
      const second = await runImport('--from', SONGKICK);
      expect(second.code).toBe(0);
      expect(countsOf('bands', second)).toEqual([1_401, 0, 0, 1_401, 0, 0]);
      expect(countsOf('concerts', second)).toEqual([20_627, 0, 0, 20_627, 0, 0]);
    },
    60_000,
  );

  test('makes the same stores of JSON, of JSON by lines, and of CSV', async () => {
    const csv = {
      bands:
        'id,name,genres,aliases,externalIds\r\n1,"Ünder ""Quoted"", Comma",rock;post-punk,"[""A;B""]",\r\n2,311,,,"[{""system"":""musicbrainz"",""id"":""x-1""}]"\r\n3,Line\u2028Separator,,,\r\n',
      venues:
        'name,id,latitude,longitude,timeZone,city,country\nHall,10,52.5,13.4,,Berlin,DE\nPier,11,-33.85,151.2,Australia/Sydney,,\n',
      events: 'id,name,kind,startDate,endDate,url\n5,Two Bands,bill,1700000000000,1700000000000,https://example.org/5\n',
      concerts:
        'bandId,venueId,eventId,date,role,billingIndex,id,status\n1,10,5,1700000000000,,,,\n2,10,5,1700000000000,support,1,,\n2,11,,-62135553600000,,,900,cancelled',
    };
    const rows = Object.entries({ bands, venues, events, concerts });
    const stores: unknown[] = [];
    for (const format of ['json', 'ndjson', 'csv'] as const) {
      environment = { ...environment, DATA_DIR: join(folder, `data-${format}`) };
      const system = await System.start(environment);
      for (const [kind, list] of rows) {
        const content = {
          json: () => JSON.stringify(list, undefined, 2),
          ndjson: () => ndjson(list),
          csv: () => new Map(Object.entries(csv)).get(kind) ?? '',
        };
        await write(`${kind}.${format}`, content[format]());
      }
      expect(await runImport('--from', folder)).toMatchObject({ code: 0 });
      stores.push(await stored());
      await system.close();
      for (const [kind] of rows) await rm(join(folder, `${kind}.${format}`));
    }
    expect(stores[0]).toMatchObject({
      bands: expect.arrayContaining(bands.map((band) => expect.objectContaining(band))),
      concerts: { length: 3 },
    });
    expect(stores[1]).toEqual(stores[0]);
    expect(stores[2]).toEqual(stores[0]);
  });

  test('names each fault with its file and line, and imports the other rows', async () => {
    await startSystem();
    await write(
      'bands.ndjson',
      '{"id":1,"name":"A"}\n{"id":2}\n{"id":3,"name":" ","colour":"red","genres":"rock"}\n{"id":4,\n[]\n{"id":4294967296,"name":"B"}\n{"id":7,"name":"C"}\n',
    );
    await write(
      'venues.json',
      '[\n  {"id":1,"name":"Hall","latitude":91,"longitude":"4"},\n  {"id":2,"name":"Pier","latitude":1,"longitude":2,"timeZone":"Mars/Base"}\n]',
    );
    await write('events.csv', 'id,name,kind,startDate,endDate\n1,Fest,party,1e3,1000.5\n');
    await write('notes.txt', 'not for the import');
    const ended = await runImport('--from', folder);
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain('notes.txt');
    expect(countsOf('bands', ended)).toEqual([7, 2, 0, 0, 5, 0]);
    expect(countsOf('venues', ended)).toEqual([2, 0, 0, 0, 2, 0]);
    for (const line of [
      'bands.ndjson:2: name is missing',
      'bands.ndjson:3: colour is not known; known are id, name, genres, aliases, externalIds',
      'bands.ndjson:3: name must be text with something to see and no control characters, not " "',
      'bands.ndjson:3: genres must be array, not "rock"',
      'bands.ndjson:4: is no valid JSON: Expected double-quoted property name',
      'bands.ndjson:5: the row must be object, not []',
      'bands.ndjson:6: id must be <= 4294967295, not 4294967296',
      'venues.json:2 [0]: latitude must be <= 90, not 91',
      'venues.json:2 [0]: longitude must be number, not "4"',
      'venues.json:3 [1]: timeZone must be the name of an IANA time zone such as Europe/Paris, not "Mars/Base"',
      'events.csv:2: kind must be one of bill, festival, tour, not "party"',
      'events.csv:2: endDate must be integer, not 1000.5',
    ]) {
      expect(ended.output).toContain(`${join(folder, line.slice(0, line.indexOf(':')))}${line.slice(line.indexOf(':'))}\n`);
    }
    expect((await stored()).bands).toMatchObject([{ id: 1 }, { id: 7 }]);
  });

  test('counts no rows of a file that cannot be read, and says so', async () => {
    await startSystem();
    await write('bands.csv', 'nmae\nA\nB\n');
    const ended = await runImport('--from', folder);
    expect(ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('bands.csv:1: the file was not read: unknown column'),
    });
    expect(countsOf('bands', ended)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('tells the first twenty faults and how many more there are', async () => {
    await startSystem();
    await write('bands.ndjson', '{}\n'.repeat(1_500));
    const { code, output } = await runImport('--from', folder);
    expect(code).toBe(1);
    expect(output.match(/name is missing/g)).toHaveLength(20);
    expect(output).toContain('and 1,480 more\n');
  });

  test('takes a reference to what does not exist for a fault of its row', async () => {
    await startSystem();
    await write('bands.json', JSON.stringify(bands));
    await write('venues.json', JSON.stringify(venues));
    await write(
      'concerts.ndjson',
      ndjson([
        { bandId: 1, venueId: 10, date: 1 },
        { bandId: 99, venueId: 98, eventId: 97, date: 2 },
        { bandId: 1, venueId: 98, eventId: null, date: 3 },
        { bandId: 2, venueId: 11, date: 4 },
      ]),
    );
    const ended = await runImport('--from', folder);
    expect(ended.code).toBe(1);
    expect(countsOf('concerts', ended)).toEqual([4, 2, 0, 0, 2, 0]);
    for (const fault of [
      '2: bandId 99 is not among the bands',
      '2: venueId 98 is not among the venues',
      '2: eventId 97 is not among the events',
      '3: venueId 98 is not among the venues',
    ]) {
      expect(ended.output).toContain(`concerts.ndjson:${fault}\n`);
    }
  });

  test('counts rows of a name that another record has, and duplicates as unchanged', async () => {
    await startSystem();
    await write('list.csv', 'id,name\n1,Nirvana\n2,NIRVANA\n1,Nirvana\n,nirvana\n');
    const ended = await runImport('--from', join(folder, 'list.csv'), '--kind', 'bands');
    expect(ended.code).toBe(0);
    expect(countsOf('bands', ended)).toEqual([4, 2, 1, 1, 0, 1]);
  });

  test('keeps the order of rows with one id through all batches', async () => {
    await startSystem();
    const rows = Array.from({ length: 4_000 }, (_, at) => ({ id: 1 + (at % 700), name: `Band ${at}` }));
    await write('bands.ndjson', ndjson(rows));
    expect(await runImport('--from', folder)).toMatchObject({ code: 0 });
    const names = (await stored()).bands;
    expect(names).toHaveLength(700);
    expect(names).toEqual(expect.arrayContaining(rows.slice(-700).map((row) => expect.objectContaining(row))));
  });

  test('sends long rows in messages that are not too large', async () => {
    await startSystem();
    const rows = Array.from({ length: 1_200 }, (_, at) => ({
      id: at + 1,
      name: `${at}${'x'.repeat(280)}`,
      aliases: Array.from({ length: 20 }, () => 'ü'.repeat(100)),
    }));
    await write('bands.ndjson', ndjson(rows));
    expect(countsOf('bands', await runImport('--from', folder))).toEqual([1_200, 1_200, 0, 0, 0, 0]);
  });
});

describe('an import that is interrupted', () => {
  const rows = Array.from({ length: 60_000 }, (_, at) => ({ id: at + 1, name: `Band ${at}` }));

  test('ends at once with its table, leaves nothing running, and is completed by another', async () => {
    await write('bands.ndjson', ndjson(rows));
    const { process: command, ended } = start('--from', folder);
    await someStored();
    const interruptedAt = performance.now();
    command.kill('SIGINT');
    const interrupted = await ended;
    expect(performance.now() - interruptedAt).toBeLessThan(LEEWAY_MS);
    expect(interrupted).toMatchObject({ code: 130, errors: expect.stringContaining('run it again to complete it') });
    const [, created = 0] = countsOf('bands', interrupted);
    expect(created).toBeGreaterThan(0);
    expect(created).toBeLessThan(rows.length);
    expect(await answering()).toEqual([]);

    const second = await runImport('--from', folder);
    expect(second.code).toBe(0);
    const [read, createdNow = 0, updated, unchanged = 0, faulty] = countsOf('bands', second);
    expect([read, createdNow + unchanged, updated, faulty]).toEqual([rows.length, rows.length, 0, 0]);
    expect(unchanged).toBeGreaterThanOrEqual(created);
  }, 60_000);

  test('ends also while its services start, and leaves none of them', async () => {
    await write('bands.json', '[{"name":"A"}]');
    const { process: command, ended } = start('--from', folder);
    await once(command.stderr ?? command, 'data');
    command.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, output: '' });
    expect(await answering()).toEqual([]);
  });

  async function someStored(): Promise<void> {
    const bandsClient = client('bands');
    const deadline = Date.now() + 20_000;
    try {
      for (let count = 0; count === 0; ) {
        if (Date.now() > deadline) throw new Error('no band was stored in time');
        const context = { deadline, requestId: 'count', traceId: 'count' };
        count = await bandsClient.call(bandCalls.count, {}, context).then(
          (reply) => reply.count,
          () => 0,
        );
        await sleep(10);
      }
    } finally {
      bandsClient.close();
    }
  }

  function startBands(): void {
    const bands = spawn(process.execPath, [join(DIST, 'apps/bands/src/main.js')], {
      cwd: folder,
      env: environment,
      stdio: 'ignore',
    });
    const ended = once(bands, 'close');
    closers.push(() => {
      bands.kill('SIGKILL');
      return ended;
    });
  }

  test('waits for a service that is away for a moment', async () => {
    const system = await startSystem();
    await write('bands.ndjson', ndjson(rows));
    const { ended } = start('--from', folder);
    await someStored();
    await system.stop('bands');
    await sleep(500);
    startBands();
    const completed = await ended;
    expect(completed.code).toBe(0);
    const [read, created = 0, updated, unchanged = 0, faulty] = countsOf('bands', completed);
    expect([read, created + unchanged, updated, faulty]).toEqual([rows.length, rows.length, 0, 0]);
  }, 60_000);
});

async function answering(): Promise<ServiceName[]> {
  const answers = await Promise.all(serviceNames.map(isUp));
  return serviceNames.filter((_, at) => answers[at]);
}

const calls = { bands: bandCalls, venues: venueCalls, events: eventCalls, concerts: concertCalls };

async function isUp(service: ServiceName): Promise<boolean> {
  const one = client(service);
  const context = { deadline: Date.now() + 1_000, requestId: 'is-up', traceId: 'is-up' };
  try {
    const up = () => true;
    const down = () => false;
    return await one.call(calls[service].health, {}, context).then(up, down);
  } finally {
    one.close();
  }
}

describe('an import that cannot be', () => {
  test('says in one line what is wrong with the command', async () => {
    await write('rows.json', '[]');
    await write('bands.json', '[]');
    await write('bands.csv', 'name\n');
    const cases: [string[], RegExp][] = [
      [[], /which folder or file/],
      [['--from', join(folder, 'nowhere')], /nowhere cannot be read: ENOENT/],
      [['--from', folder, '--kind', 'bands'], /--kind is for a single file/],
      [['--from', folder], /both .*bands\.csv and bands\.json hold bands/],
      [['--from', join(folder, 'rows.json')], /what does .*rows\.json hold\?/],
      [['--from', join(folder, 'rows.json'), '--kind', 'songs'], /--kind is one of bands, venues, events, concerts, not songs/],
      [['--form', folder], /--form/],
      [['--from', import.meta.dirname], /holds nothing to import: expected bands/],
    ];
    for (const [options, message] of cases) {
      const { code, output, errors } = await runImport(...options);
      expect([options, code, output]).toEqual([options, 2, '']);
      expect(errors.trimEnd()).not.toContain('\n');
      expect(errors).toMatch(message);
    }
  }, 30_000);

  test('names the services that do not answer when others do', async () => {
    const system = await startSystem();
    await Promise.all([system.stop('venues'), system.stop('concerts')]);
    await write('bands.json', '[{"name":"A"}]');
    const { code, errors } = await runImport('--from', folder);
    expect(code).toBe(1);
    expect(errors).toContain(`venues at 127.0.0.1:${environment.VENUES_TCP_PORT}, concerts at`);
  });

  test('says why a service that it started has ended', async () => {
    await write('bands.json', '[{"name":"A"}]');
    environment = { ...environment, DATA_DIR: join(folder, 'bands.json') };
    const { code, errors } = await runImport('--from', folder);
    expect(code).toBe(1);
    expect(errors).toMatch(/\w+ ended: \w+ cannot start: /);
    expect(await answering()).toEqual([]);
  });
});

describe('docs/import.md', () => {
  const page = readFileSync('docs/import.md', 'utf8');

  test('has an example that is imported as it says', async () => {
    const files = [...page.matchAll(/^`mine\/(.*)`\n\n```.*\n([^`]*)```$/gm)];
    expect(files).toHaveLength(3);
    for (const [, name = '', content = ''] of files) await write(name, content);
    const [, table] = /^```text\n([^`]*)```$/m.exec(page) ?? [];
    expect(await runImport('--from', folder)).toMatchObject({ code: 0, output: table });
  });

  test('names all fields, and which are required', () => {
    for (const kind of kindNames) {
      const [section = ''] = page.split(`### ${kind}\n`).at(1)?.split('\n#') ?? [];
      const named = [...section.matchAll(/^\| (`.*?`) \| (yes)? ?\|/gm)].flatMap(([, names = '', required]) =>
        [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, required === 'yes'] as const),
      );
      const { properties, required } = kinds[kind].row;
      const fields = Object.keys(properties).map((name) => [name, required.includes(name)] as const);
      expect(new Map(named)).toEqual(new Map(fields));
    }
  });
});

describe('the demo', () => {
  test('fills empty stores, and overwrites others only when told to', async () => {
    const system = await startSystem();
    const demo = (...options: string[]) => startScript('demo', ['--concerts', '200', ...options]).ended;
    expect(await demo()).toMatchObject({ code: 0 });
    const { items } = await system.clients.concerts.call(concertCalls.byIds, { ids: [1] }, system.context());
    expect(items).toHaveLength(1);
    const refused = await demo('--seed', '2');
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/^the stores already hold .* --overwrite$/m);
    expect(refused.errors).not.toContain('made');
    expect((await system.clients.concerts.call(concertCalls.byIds, { ids: [1] }, system.context())).items).toEqual(items);
    expect(await demo('--seed', '2', '--overwrite')).toMatchObject({ code: 0 });
    expect((await system.clients.concerts.call(concertCalls.byIds, { ids: [1] }, system.context())).items[0]?.version).toBe(2);
  });
});
