import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SqliteStore } from '../src/index.js';
import type { NoteOperations } from './notes.js';

const MIGRATIONS = ['create table notes (id integer primary key, text text not null) strict'];
const MANY = 1_000;

let folder: string;
let path: string;
let store: SqliteStore<NoteOperations>;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-database-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  files += 1;
  path = join(folder, `notes${files}.sqlite`);
  store = await openNotes();
});
afterEach(() => store.close());

const openNotes = (module = './notes.ts') =>
  SqliteStore.open<NoteOperations>(MIGRATIONS, { path, module: new URL(module, import.meta.url), data: undefined });
const inMs = (timeMs: number) => Date.now() + timeMs;
const soon = () => inMs(20_000);
const add = (text: string, deadline = soon()) => store.writer.run('add', text, deadline);
const addMany = (count: number) => Array.from({ length: count }, (_, index) => add(`note ${index}`));
/** Keeps the thread busy. */
const hold = (timeMs: number) => store.writer.run('addSlowly', { text: 'slow', timeMs }, soon());
const texts = () =>
  store.reader
    .prepare('select text from notes order by id')
    .all()
    .map(({ text }) => text);
const codesOf = async (calls: Promise<unknown>[]) =>
  (await Promise.allSettled(calls)).map((end) => (end.status === 'fulfilled' ? 'written' : end.reason.code));

/** Commits in the write-ahead log: the frame that ends one tells the size of the file (sqlite.org/fileformat2.html#walformat). */
async function commits(): Promise<number> {
  const log = await readFile(`${path}-wal`);
  const frameSize = 24 + log.readUInt32BE(8);
  let found = 0;
  for (let frame = 32; frame < log.length; frame += frameSize) found += log.readUInt32BE(frame + 4) > 0 ? 1 : 0;
  return found;
}

describe('a write', () => {
  test('is there for every later reading, and when the file is opened again', async () => {
    for (let index = 1; index <= 20; index++) {
      expect(await add(`note ${index}`)).toBe(index);
      expect(texts()).toHaveLength(index);
    }
    await store.close();
    store = await openNotes();
    expect(texts()).toHaveLength(20);
  });

  test('that is under way keeps nobody from reading what was there before', async () => {
    await add('before');
    const slow = hold(500);
    expect(texts()).toEqual(['before']);
    await slow;
    expect(texts()).toEqual(['before', 'slow']);
  });

  test('through the connection that reads is refused', () => {
    expect(() => store.reader.prepare('delete from notes').run()).toThrow(/readonly/);
  });
});

describe('many writes at once', () => {
  test('share few commits, and each is answered with its own result', async () => {
    const before = await commits();
    const held = hold(500);
    const ids = await Promise.all(addMany(MANY));
    expect(ids).toEqual(Array.from({ length: MANY }, (_, index) => index + 2));
    await held;
    expect(texts()).toEqual(['slow', ...ids.map((_, index) => `note ${index}`)]);
    expect((await commits()) - before).toBeLessThanOrEqual(10);
  });

  test('do not disturb each other: one that fails has written nothing, and says why', async () => {
    const held = hold(200);
    const [refused, broken] = await Promise.allSettled([
      store.writer.run('addAndRefuse', 'taken', soon()),
      store.writer.run('addAndBreak', 'here', soon()),
      add('kept'),
      held,
    ]);
    const fields = [{ parameter: '/text', code: 'taken', detail: 'taken' }];
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'Conflict', detail: 'there is one', fields } });
    const cause = expect.stringMatching(/^RangeError: broken at here\n +at /);
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'Internal', cause } });
    expect(texts()).toEqual(['slow', 'kept']);
  });

  test('are refused when too many wait already, and taken again behind them', async () => {
    const held = hold(200);
    const codes = await codesOf(addMany(1_100));
    const [written, overloaded] = ['written', 'Overloaded'].map((code) => codes.filter((other) => other === code).length);
    expect([written, overloaded]).toEqual([1_023, 77]);
    await held;
    expect(await codesOf(addMany(10))).toEqual(Array(10).fill('written'));
    expect(texts()).toHaveLength(1 + 1_023 + 10);
  });
});

describe('a write whose deadline has passed', () => {
  test('is not begun', async () => {
    await expect(add('late', inMs(-1))).rejects.toMatchObject({ code: 'Timeout' });
    expect(texts()).toEqual([]);
  });

  test('while it waited for the thread is answered at its deadline, and never carried out', async () => {
    const held = hold(500);
    const late = add('late', inMs(100));
    let isHeld = true;
    void held.then(() => {
      isHeld = false;
    });
    await expect(late).rejects.toMatchObject({ code: 'Timeout' });
    expect(isHeld).toBe(true);
    await held;
    await add('in time');
    expect(texts()).toEqual(['slow', 'in time']);
  });
});

describe('a file that cannot grow', () => {
  test('makes writes Unavailable; what was answered is there, nothing else is; and it works again when it can', async () => {
    await store.writer.run('limitPages', 20, soon());
    const large = 'x'.repeat(1_500);
    const codes = await codesOf(Array.from({ length: 100 }, () => add(large)));
    expect(new Set(codes)).toContain('Unavailable');
    expect(texts()).toHaveLength(codes.filter((code) => code === 'written').length);
    await store.writer.run('limitPages', 1_000_000, soon());
    expect(await codesOf(Array.from({ length: 100 }, () => add(large)))).toEqual(Array(100).fill('written'));
    expect(store.reader.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  });
});

describe('the end', () => {
  test('comes behind all writes that were taken, twice is harmless, and nothing is taken any more', async () => {
    const calls = addMany(MANY);
    await Promise.all([store.close(), store.close()]);
    expect(await codesOf(calls)).toEqual(Array(MANY).fill('written'));
    await expect(add('too late')).rejects.toMatchObject({ code: 'Unavailable' });
    store = await openNotes();
    expect(texts()).toHaveLength(MANY);
  });

  test('leaves one file, with all that the log held', async () => {
    await add('kept');
    await store.close();
    await expect(readFile(`${path}-wal`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('of the thread alone makes waiting writes Unavailable, and ends the process', async () => {
    await store.close();
    const script = fileURLToPath(new URL('./die.ts', import.meta.url));
    const died = await new Promise((resolve) => {
      execFile(process.execPath, [script, path, ...MIGRATIONS], { timeout: 20_000 }, (error, stdout, stderr) =>
        resolve({ status: error?.code, stdout, stderr }),
      );
    });
    const stderr = expect.stringContaining('the thread that writes the store has ended');
    expect(died).toEqual({ status: 1, stdout: 'Unavailable Unavailable Unavailable', stderr });
  });
});

test('a thread that cannot start is told by the opening', async () => {
  await expect(openNotes('./nowhere.ts')).rejects.toThrow(/^Cannot find module .*nowhere\.ts/);
});
