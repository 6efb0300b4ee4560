import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const TOKEN = /^WRITE_TOKENS=local:[\da-f]{48}$/m;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-env-'));
  await copyFile('.env.example', join(folder, '.env.example'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = () => join(folder, '.env');
const setUp = () => promisify(execFile)('bash', [resolve('scripts/env-file.sh')], { cwd: folder });
const modeOf = async () => ((await stat(file())).mode & 0o777).toString(8);

describe('the set-up of .env', () => {
  test('makes it of the example, with a token, for its owner only, and says nothing', async () => {
    expect(await setUp()).toEqual({ stdout: '', stderr: '' });
    const made = await readFile(file(), 'utf8');
    expect(made).toMatch(TOKEN);
    expect(made.replace(TOKEN, 'WRITE_TOKENS=')).toBe(await readFile('.env.example', 'utf8'));
    expect(await modeOf()).toBe('600');
    expect((await readdir(folder)).sort()).toEqual(['.env', '.env.example']);
  });

  test('makes another token each time', async () => {
    await setUp();
    const [first] = TOKEN.exec(await readFile(file(), 'utf8')) ?? [];
    await rm(file());
    await setUp();
    const [second] = TOKEN.exec(await readFile(file(), 'utf8')) ?? [];
    expect(second).not.toBe(first);
  });

  test.each([
    ['lacks one', 'LOG_LEVEL=debug\n\nA="b # c"', 'LOG_LEVEL=debug\n\nA="b # c"\nTOKEN\n'],
    ['has an empty one', 'WRITE_TOKENS=\nLOG_LEVEL=debug\n\n\n', 'TOKEN\nLOG_LEVEL=debug\n\n\n'],
    ['has empty quotes and a comment', 'A=1\nexport WRITE_TOKENS = "" # none\n', 'A=1\nTOKEN\n'],
    ['has one in a comment', '# WRITE_TOKENS=shop:secret\n', '# WRITE_TOKENS=shop:secret\nTOKEN\n'],
  ])('puts a token into one that %s, and touches nothing else', async (_, before, after) => {
    await writeFile(file(), before);
    await chmod(file(), 0o644);
    await setUp();
    expect((await readFile(file(), 'utf8')).replace(TOKEN, 'TOKEN')).toBe(after);
    expect(await modeOf()).toBe('600');
  });

  test.each(['WRITE_TOKENS=shop:abcdefghijklmnop', 'export WRITE_TOKENS="shop:abcdefghijklmnop"', ' WRITE_TOKENS = x'])(
    'leaves %s as it is',
    async (text) => {
      await writeFile(file(), text);
      await setUp();
      expect(await readFile(file(), 'utf8')).toBe(text);
    },
  );
});
