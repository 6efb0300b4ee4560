import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type Config, readConfig, serviceNames, VERSION } from '#config';
import { openJournal } from '#saga';
import { openBandStore, openConcertStore, openEventStore, openVenueStore } from '#store';
import { AppProcess } from '../bench/support/app-process.js';
import { ownPlace, ProcessSystem, until, WRITE_SECRET } from '../bench/support/process-system.js';
import { audit } from '../scripts/audit/audit.js';
import { backUp } from '../scripts/backup/back-up.js';
import { type Move, renameAll } from '../scripts/backup/rename-all.js';
import { restore } from '../scripts/backup/restore.js';

const stores = [...serviceNames, 'orchestrator'] as const;
/** Writers at once: enough that every moment has executions between their steps. */
const WRITERS = 6;
const BACKUPS = 3;
const DATE = 1_909_339_200_000;
const RUN_TIMEOUT_MS = 30_000;
const SCRIPTS = join(process.cwd(), 'dist/scripts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-backup-'));
  const dataDir = join(folder, 'few');
  await makeStores(dataDir);
  await backUp(readConfig({ DATA_DIR: dataDir }), { to: join(folder, 'backup-of-few'), replace: false });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const storeIdIn = (path: string): unknown => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare('select store_id from store').get()?.['store_id'];
  } finally {
    db.close();
  }
};

describe('backups of a system that writes', () => {
  const backups = Array.from({ length: BACKUPS }, (_, at): { at: number; answered: number[] } => ({ at, answered: [] }));
  const backupFolder = (at: number) => join(folder, `backup-${at}`);

  beforeAll(async () => {
    const system = await ProcessSystem.start();
    const writers = new Writers(system.writesUrl);
    try {
      await system.load({ concerts: 2_000 });
      writers.start();
      for (const backup of backups) {
        await until(
          () => writers.answered.length > 20 * (backup.at + 1),
          () => 'nothing is written',
        );
        backup.answered = [...writers.answered];
        await backUp(readConfig(system.environment), { to: backupFolder(backup.at), replace: false });
      }
    } finally {
      await writers.stop();
      await system.close();
    }
  }, 120_000);

  test.each(backups)(
    'are whole: backup $at has all that was answered before, and nothing torn, before the orchestrator goes on and after',
    async ({ at, answered }) => {
      const dataDir = join(folder, `restored-${at}`);
      const environment = { ...(await ownPlace(folder)), DATA_DIR: dataDir };
      await restore(readConfig(environment), { from: backupFolder(at), replace: false });
      expect((await audit(readConfig(environment))).findings).toEqual([]);
      const system = await ProcessSystem.start({ DATA_DIR: dataDir });
      try {
        await until(
          async () => (await audit(readConfig(environment))).executions.running === 0,
          () => 'executions of the backup do not end',
        );
        for (const id of answered.slice(-50)) expect((await fetch(`${system.url}/concerts/${id}`)).status).toBe(200);
      } finally {
        await system.close();
      }
      expect((await audit(readConfig(environment))).findings).toEqual([]);
    },
  );

  test('have a manifest of what is in them, and each file by itself', () => {
    const manifest = JSON.parse(readFileSync(join(backupFolder(0), 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ manifestVersion: 1, version: VERSION });
    expect(manifest.files.map(({ store }: { store: string }) => store).sort()).toEqual([...stores].sort());
    expect(readdirSync(backupFolder(0)).sort()).toEqual([...stores.map((store) => `${store}.sqlite`), 'manifest.json'].sort());
  });

  test('are restored as other stores than they were', () => {
    for (const store of stores)
      expect(storeIdIn(join(folder, 'restored-0', `${store}.sqlite`))).not.toBe(
        storeIdIn(join(backupFolder(0), `${store}.sqlite`)),
      );
  });
});

describe('a restore', () => {
  let from: string;
  let environment: Record<string, string>;
  let place: string;
  const config = () => readConfig(environment);
  const dataFile = (store: string) => join(String(environment['DATA_DIR']), `${store}.sqlite`);

  beforeEach(async () => {
    place = await mkdtemp(join(folder, 'place-'));
    from = join(place, 'backup');
    cpSync(join(folder, 'backup-of-few'), from, { recursive: true });
    environment = await ownPlace(place);
  });

  const refused = async (words: string | RegExp, replace = false) => {
    await expect(restore(config(), { from, replace })).rejects.toThrow(words);
  };

  test('refuses a folder without a backup, and one that says something else', async () => {
    await rm(join(from, 'manifest.json'));
    await refused('there is no backup in');
    writeFileSync(join(from, 'manifest.json'), '{"manifestVersion": 2}');
    await refused('is not one that this version can read');
  });

  test('refuses a backup with a file missing, cut off or changed, and leaves nothing behind', async () => {
    const concerts = join(from, 'concerts.sqlite');
    const whole = readFileSync(concerts);
    const changed = Buffer.from(whole);
    changed.writeUInt8((whole[whole.length - 100] ?? 0) ^ 1, whole.length - 100);
    writeFileSync(concerts, changed);
    await refused(/damaged: .*concerts\.sqlite has another checksum/);
    writeFileSync(concerts, whole.subarray(0, -1));
    await refused(/damaged: .*concerts\.sqlite does not have \d+ bytes/);
    await rm(concerts);
    await refused(/not whole: .*concerts\.sqlite is missing/);
    expect(readdirSync(String(environment['DATA_DIR']))).toEqual([]);
  });

  test('refuses a store of a newer version, and leaves the one that is there', async () => {
    await restore(config(), { from, replace: false });
    const before = readFileSync(dataFile('bands'));
    const bands = join(from, 'bands.sqlite');
    const db = new DatabaseSync(bands);
    db.exec('pragma user_version = 99');
    db.close();
    const manifest = JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8'));
    for (const file of manifest.files)
      if (file.store === 'bands') file.sha256 = createHash('sha256').update(readFileSync(bands)).digest('hex');
    writeFileSync(join(from, 'manifest.json'), JSON.stringify(manifest));
    await refused('schema version 99', true);
    expect(readFileSync(dataFile('bands'))).toEqual(before);
  });

  test('keeps stores that are there, or puts them aside when it is asked to', async () => {
    await restore(config(), { from, replace: false });
    const first = storeIdIn(dataFile('venues'));
    await refused('there are stores in');
    expect(storeIdIn(dataFile('venues'))).toBe(first);
    const { before } = await restore(config(), { from, replace: true });
    expect(storeIdIn(dataFile('venues'))).not.toBe(first);
    expect(storeIdIn(join(String(before), 'venues.sqlite'))).toBe(first);
    expect((await audit(config())).findings).toEqual([]);
  });

  test('that did not end leaves no store to be opened, until it is run again', async () => {
    const dataDir = String(environment['DATA_DIR']);
    await restore(config(), { from, replace: false });
    const earlier = join(dataDir, 'before-restore-earlier');
    await mkdir(earlier);
    renameSync(dataFile('venues'), join(earlier, 'venues.sqlite'));
    writeFileSync(join(dataDir, 'restore-unfinished'), `${earlier}\n`);
    await expect(makeStores(dataDir)).rejects.toThrow(/a restore did not end: run it again; .*restore-unfinished says where/);
    expect(existsSync(dataFile('venues'))).toBe(false);
    const { before } = await restore(config(), { from, replace: true });
    expect(before).toContain(`${earlier} and `);
    await makeStores(dataDir);
    expect((await audit(config())).findings).toEqual([]);
  });

  test('moves all files or none', async () => {
    const at = (name: string) => join(place, name);
    for (const name of ['old', 'new']) writeFileSync(at(name), name);
    await mkdir(join(at('full'), 'of things'), { recursive: true });
    const moves: Move[] = [
      [at('old'), at('aside')],
      [at('new'), at('old')],
      [at('old'), at('full')],
    ];
    await expect(renameAll(moves)).rejects.toThrow('full');
    expect(['old', 'new'].map((name) => readFileSync(at(name), 'utf8'))).toEqual(['old', 'new']);
    expect(existsSync(at('aside'))).toBe(false);
  });

  test('takes the place of a store that is damaged', async () => {
    await mkdir(String(environment['DATA_DIR']));
    writeFileSync(dataFile('events'), 'nothing that could be a store');
    await restore(config(), { from, replace: true });
    expect((await audit(config())).findings).toEqual([]);
  });

  test('refuses while a service has its store open, even one that does nothing and listens elsewhere', async () => {
    await restore(config(), { from, replace: false });
    const service = new AppProcess('apps/venues/src/main.js', {
      cwd: place,
      environment: { ...environment, VENUES_TCP_PORT: String((await ownPlace(place))['VENUES_TCP_PORT']) },
    });
    try {
      await until(
        () => service.printed.includes('answers'),
        () => `venues does not answer: ${service.printed}`,
      );
      await refused(/venues\.sqlite is in use; end venues first/, true);
    } finally {
      await service.end();
    }
    await restore(config(), { from, replace: true });
  });

  test('refuses while something listens where a service would', async () => {
    const server = createServer().listen(Number(environment['BANDS_TCP_PORT']), '127.0.0.1');
    await once(server, 'listening');
    try {
      await refused(/something listens at 127\.0\.0\.1:\d+, the port of bands/);
    } finally {
      server.close();
    }
  });

  test('refuses a backup of other stores than are embedded here', async () => {
    environment = { ...environment, BANDS_MONGO_URL: 'mongodb://127.0.0.1:1/?replicaSet=rs0' };
    await refused(/the backup is of bands, concerts, events, orchestrator, venues; .*: concerts, events, orchestrator, venues/);
  });
});

describe('the folder of a backup', () => {
  let place: string;
  let config: Config;
  let to: string;

  beforeEach(async () => {
    place = await mkdtemp(join(folder, 'target-'));
    config = readConfig({ ...(await ownPlace(place)), DATA_DIR: join(place, 'data') });
    await makeStores(config.dataDir);
    to = join(place, 'backup');
  });

  const idsIn = (path: string) => stores.map((store) => storeIdIn(join(path, `${store}.sqlite`)));

  test('is never the data folder, under no name, replaced or not', async () => {
    const before = idsIn(config.dataDir);
    const link = join(place, 'link');
    symlinkSync(config.dataDir, link);
    writeFileSync(join(config.dataDir, 'manifest.json'), '{}');
    for (const name of [config.dataDir, link, join(config.dataDir, '..', 'data')])
      await expect(backUp(config, { to: name, replace: true })).rejects.toThrow('is the data folder itself');
    expect(idsIn(config.dataDir)).toEqual(before);
  });

  test('holds nothing else, which would be lost', async () => {
    const other = join(place, 'other');
    await makeStores(other);
    await expect(backUp(config, { to: other, replace: true })).rejects.toThrow('but no backup; name another folder');
    await backUp(config, { to, replace: false });
    writeFileSync(join(to, 'notes.txt'), 'mine');
    await expect(backUp(config, { to, replace: true })).rejects.toThrow(/holds notes\.txt beside a backup/);
    expect(readFileSync(join(to, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('may be there when it is empty', async () => {
    await mkdir(to);
    await backUp(config, { to, replace: false });
    expect(idsIn(to)).toEqual(idsIn(config.dataDir));
  });

  test('is one whole backup when two are made at once, and nothing is left beside it', async () => {
    const two = await Promise.allSettled([backUp(config, { to, replace: false }), backUp(config, { to, replace: false })]);
    expect(two.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(two.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: expect.stringContaining('there is a backup in') },
    });
    expect(readdirSync(place).sort()).toEqual(['backup', 'data']);
    await restore({ ...config, dataDir: join(place, 'restored') }, { from: to, replace: false });
  });

  test('has the old backup until the new one is whole, and then the new one alone', async () => {
    const { madeAt } = await backUp(config, { to, replace: false });
    writeFileSync(join(config.dataDir, 'bands.sqlite'), 'damaged');
    await expect(backUp(config, { to, replace: true })).rejects.toThrow('bands.sqlite cannot be used');
    expect(JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'))).toMatchObject({ madeAt });
    await rm(join(config.dataDir, 'bands.sqlite'));
    await makeStores(config.dataDir);
    await backUp(config, { to, replace: true });
    expect(idsIn(to)).toEqual(idsIn(config.dataDir));
    expect(readdirSync(place).sort()).toEqual(['backup', 'data']);
  });
});

describe('the commands', () => {
  const run = (script: string, words: string[], environment: Record<string, string> = {}) => {
    const options = { cwd: folder, env: environment, encoding: 'utf8', timeout: RUN_TIMEOUT_MS } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(SCRIPTS, script), ...words], options);
    return { status, stdout, stderr };
  };

  test('back up, refuse to write over a backup, and restore, each with its exit code and one line', async () => {
    const place = await ownPlace(await mkdtemp(join(folder, 'commands-')));
    const [backup, dataDir] = [join(folder, 'by-command'), String(place['DATA_DIR'])];
    expect(run('restore.js', ['--from', join(folder, 'backup-of-few')], place)).toMatchObject({ status: 0 });
    expect(run('backup.js', ['--to', backup], place)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^backed up into .*: concerts \(\d+ bytes\), .*\n$/),
    });
    expect(run('backup.js', ['--to', backup], place)).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^there is a backup in [^\n]* already[^\n]*\n$/),
    });
    expect(run('backup.js', ['--to', backup, '--replace'], place)).toMatchObject({ status: 0 });
    expect(run('restore.js', ['--from', backup, '--replace'], place)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^restored concerts, .* what was there is in .*before-restore-/),
    });
    expect(readdirSync(dataDir).filter((name) => /^restor/.test(name))).toEqual([]);
  });

  test('say what of a mixed configuration is not in a backup, and that it is not of one moment', async () => {
    const dataDir = await mkdtemp(join(folder, 'mixed-'));
    await makeStores(dataDir);
    const mongoUrl = 'mongodb://127.0.0.1:1/?replicaSet=rs0';
    const backUpWith = (variable: string) =>
      run('backup.js', ['--to', join(folder, `without-${variable}`)], { DATA_DIR: dataDir, [variable]: mongoUrl }).stdout;
    expect(backUpWith('BANDS_MONGO_URL')).toMatch(/\nNOT in it, .*: bands\. What is in it is of one moment, but not of the one/);
    expect(backUpWith('ORCHESTRATOR_MONGO_URL')).toMatch(
      /\nNOT in it, .*: orchestrator\. Without the journal, .* not of one moment/,
    );
  });

  test('give stores that were put back otherwise new ids', async () => {
    const place = await ownPlace(await mkdtemp(join(folder, 'ids-')));
    const dataDir = String(place['DATA_DIR']);
    await makeStores(dataDir);
    const before = storeIdIn(join(dataDir, 'bands.sqlite'));
    const { status, stdout } = run('new-store-ids.js', [], place);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/Start anew/) });
    const after = storeIdIn(join(dataDir, 'bands.sqlite'));
    expect(after).not.toBe(before);
    expect(stdout).toContain(`bands.sqlite: ${after}`);
    const nowhere = { ...place, BANDS_MONGO_URL: 'mongodb://user:secret@127.0.0.1:1/festival?serverSelectionTimeoutMS=100' };
    expect(run('new-store-ids.js', [], nowhere)).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^the store of bands in MongoDB has no new id: (?!.*secret)[^\n]+\n$/),
    });
  });

  test('say what is wrong with them', () => {
    expect(run('backup.js', [])).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('into which folder?') });
    expect(run('restore.js', [])).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('from which folder?') });
    expect(run('backup.js', ['--into', 'x'])).toMatchObject({ status: 2, stderr: expect.stringContaining('--into') });
    expect(run('backup.js', ['--to', 'x'], { DATA_DIR: 'nowhere' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no store nowhere/concerts.sqlite'),
    });
    expect(run('backup.js', ['--to', 'x'], { MONGO_URL: 'mongodb://a/?replicaSet=rs0' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('docs/backup.md'),
    });
    expect(run('backup.js', ['--to', 'x'], { BANDS_TCP_PORT: 'no' })).toMatchObject({ status: 78 });
    expect(run('backup.js', ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('make backup') });
    expect(run('restore.js', ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('make restore') });
  });
});

/** Empty stores, where there are none yet. */
async function makeStores(dataDir: string): Promise<void> {
  const logger = pino({ level: 'silent' });
  const openings = [
    openBandStore({ name: 'bands', dataDir, mongoUrl: undefined }, logger),
    openVenueStore({ name: 'venues', dataDir, mongoUrl: undefined }, logger),
    openEventStore({ name: 'events', dataDir, mongoUrl: undefined }, logger),
    openConcertStore({ name: 'concerts', dataDir, mongoUrl: undefined }, logger),
    openJournal({ name: 'orchestrator', dataDir, mongoUrl: undefined }, logger),
  ];
  for (const store of await Promise.all(openings)) await store.close();
}

/** Clients that write one concert after another, each with a new band and venue, and now and then delete one. */
class Writers {
  /** The concerts that were answered with 201 and not deleted. */
  answered: number[] = [];
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  constructor(private readonly url: string) {}

  start(): void {
    for (let writer = 0; writer < WRITERS; writer++) this.#running.push(this.#run(writer));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #run(writer: number): Promise<void> {
    for (let at = 0; !this.#isOver; at++) {
      const name = `${writer} ${at}`;
      const venue = { name: `Hall ${name}`, latitude: 50 + writer, longitude: 8 };
      const { status, body } = await this.#send('POST', '/concerts', { band: { name: `Band ${name}` }, venue, date: DATE });
      const id = status === 201 && typeof body === 'object' && body !== null ? Number(Reflect.get(body, 'id')) : undefined;
      if (id === undefined) await sleep(20);
      else if (at % 5 === 4) await this.#send('DELETE', `/concerts/${id}`);
      else this.answered.push(id);
    }
  }

  async #send(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${WRITE_SECRET}`, 'if-match': '*', ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }
}
