import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Entry, MAX_ROW_BYTES } from './entry.js';
import type { KindName } from './kinds.js';
import { readEntries } from './read-entries.js';
import type { Format } from './sources.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backline-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(format: Format, content: string | Buffer, kind: KindName = 'bands'): Promise<Entry[]> {
  const path = join(folder, `rows.${format}`);
  await writeFile(path, content);
  const entries: Entry[] = [];
  for await (const some of readEntries({ path, kind, format, bytes: 0 }, () => undefined)) entries.push(...some);
  return entries;
}

const valuesOf = (entries: readonly Entry[]): unknown[] => entries.flatMap((entry) => ('value' in entry ? [entry.value] : []));
const faultsOf = (entries: readonly Entry[]): unknown[] =>
  entries.flatMap((entry) => ('fault' in entry ? [[entry.place, entry.fault]] : []));

// Longer than two chunks of the file, with text of two, three and four bytes and all that could mislead a scanner.
const manyNames = Array.from({ length: 6_000 }, (_, at) => `Motörhead ☃ 🎸 ${'x'.repeat(at % 97)} "}],[{\\ ${at}`);

describe('a JSON array', () => {
  test('is read element by element, whatever its layout', async () => {
    for (const spaces of [undefined, 1, 4]) {
      const entries = await read(
        'json',
        JSON.stringify(
          manyNames.map((name) => ({ name })),
          undefined,
          spaces,
        ),
      );
      expect(valuesOf(entries)).toEqual(manyNames.map((name) => ({ name })));
    }
  });

  test('tells the line and the index of each element', async () => {
    const entries = await read('json', '[\n  {"name": "A"},\n\n  {\n    "name": "B"\n  }, {"name": "C"},\r\n  7\n]\n');
    expect(entries.map(({ place }) => place)).toEqual([
      { line: 2, index: 0 },
      { line: 4, index: 1 },
      { line: 6, index: 2 },
      { line: 7, index: 3 },
    ]);
    expect(valuesOf(entries)).toEqual([{ name: 'A' }, { name: 'B' }, { name: 'C' }, 7]);
  });

  test('may be empty and may begin with a byte order mark', async () => {
    expect(await read('json', ' [ ] \n')).toEqual([]);
    expect(valuesOf(await read('json', '\ufeff[{"name":"A"}]'))).toEqual([{ name: 'A' }]);
  });

  test('that is cut gives what is whole and says where it is cut', async () => {
    const within = await read('json', '[\n{"name":"A"},\n{"name":"B"');
    expect(valuesOf(within)).toEqual([{ name: 'A' }]);
    expect(faultsOf(within)).toEqual([[{ line: 3, index: 1 }, 'the file ends within this element']]);
    expect(faultsOf(await read('json', '[\n{"name":"A"},\n'))).toEqual([[{ line: 3 }, 'the file ends before its array does']]);
    expect(faultsOf(await read('json', ''))).toEqual([[{ line: 1 }, 'it is empty: expected a JSON array']]);
  });

  test('that is broken is read up to there', async () => {
    const entries = await read('json', '[{"name":"A"},\n{\n"name":\n"B" "C"},\n{"name":"D"}]');
    expect(valuesOf(entries)).toEqual([{ name: 'A' }]);
    expect(faultsOf(entries)).toEqual([
      [{ line: 4, index: 1 }, expect.stringMatching(/^is no valid JSON: .*; nothing after this place was read$/)],
    ]);
    for (const content of ['[{"name":"A"},]', '[{"name":"A"},,{}]', '[{"name":"A"},}]', '[{"name":"A"}]]', '[{"name":"A"}] x']) {
      const broken = await read('json', content);
      expect([content, valuesOf(broken), faultsOf(broken).length]).toEqual([content, [{ name: 'A' }], 1]);
    }
  });

  test('is not one object a line', async () => {
    expect(faultsOf(await read('json', '{"name":"A"}\n{"name":"B"}'))).toEqual([
      [{ line: 1 }, 'expected a JSON array; a file of one object a line is named .ndjson'],
    ]);
  });

  test('with a quote missing ends at the bound of a row and not with the memory', async () => {
    const entries = await read('json', `[{"name":"A"},{"name":"B},${'{"name":"C"},'.repeat(200_000)}]`);
    expect(valuesOf(entries)).toEqual([{ name: 'A' }]);
    expect(faultsOf(entries)).toHaveLength(1);
  });

  test('of bytes that are not UTF-8 is not guessed at', async () => {
    const entries = await read('json', Buffer.from('[{"name":"A"},{"name":"Mot\xf6rhead"}]', 'latin1'));
    expect(faultsOf(entries)).toEqual([
      [{ line: 1, index: 1 }, 'holds bytes that are not UTF-8; nothing after this place was read'],
    ]);
  });
});

describe('JSON by lines', () => {
  test('is read line by line', async () => {
    const entries = await read('ndjson', `\ufeff${manyNames.map((name) => JSON.stringify({ name })).join('\r\n')}`);
    expect(valuesOf(entries)).toEqual(manyNames.map((name) => ({ name })));
    expect(entries.at(-1)?.place).toEqual({ line: manyNames.length });
  });

  test('skips empty lines and goes on past a line that is wrong', async () => {
    const entries = await read('ndjson', Buffer.from('{"name":"A"}\n\n  \n{"name":\n{"name":"\xf6"}\n{"name":"B"}\n', 'latin1'));
    expect(valuesOf(entries)).toEqual([{ name: 'A' }, { name: 'B' }]);
    expect(faultsOf(entries)).toEqual([
      [{ line: 4 }, 'is no valid JSON: Unexpected end of JSON input'],
      [{ line: 5 }, 'holds bytes that are not UTF-8'],
    ]);
    expect(entries.at(-1)?.place).toEqual({ line: 6 });
  });

  test('does not keep a line that is longer than any row', async () => {
    const entries = await read('ndjson', `{"name":"${'x'.repeat(3 * MAX_ROW_BYTES)}"}\n{"name":"B"}`);
    expect(valuesOf(entries)).toEqual([{ name: 'B' }]);
    expect(faultsOf(entries)).toEqual([[{ line: 1 }, `is longer than ${MAX_ROW_BYTES} bytes, which no row is`]]);
  });
});

describe('comma-separated values', () => {
  test('are read by their header, with numbers, lists and empty cells', async () => {
    const content = [
      'name,id,aliases,genres,externalIds',
      '"A, the ""band""",7,a; b;c,"[""x;y"",""z""]","[{""system"":""s"",""id"":""1""}]"',
      '311,,,,',
      'B,007,,,',
    ].join('\r\n');
    expect(valuesOf(await read('csv', `\ufeff${content}`))).toEqual([
      { name: 'A, the "band"', id: 7, aliases: ['a', 'b', 'c'], genres: ['x;y', 'z'], externalIds: [{ system: 's', id: '1' }] },
      { name: '311' },
      { name: 'B', id: '007' },
    ]);
  });

  test('tell the line where a row begins, also after empty lines and cells of several lines', async () => {
    const entries = await read('csv', 'id,name\n1,A\n\n2,"B\r\n\nB"\r\n3,C\n4,D,E\n5\n6,F');
    expect(entries.map(({ place }) => place.line)).toEqual([2, 4, 7, 8, 9, 10]);
    expect(faultsOf(entries)).toEqual([
      [{ line: 8 }, 'has 3 cells, the header 2'],
      [{ line: 9 }, 'has 1 cells, the header 2'],
    ]);
  });

  test('go on past a row that is not UTF-8', async () => {
    const entries = await read('csv', Buffer.from('id,name\n1,A\n2,\xf6\n3,C\n', 'latin1'));
    expect(valuesOf(entries)).toEqual([
      { id: 1, name: 'A' },
      { id: 3, name: 'C' },
    ]);
    expect(faultsOf(entries)).toEqual([[{ line: 3 }, 'holds bytes that are not UTF-8']]);
  });

  test('with quotes that are wrong are read up to there, within bounded memory', async () => {
    const wrong = ['2,"B"B\n3,C\n', '2,B"B\n3,C\n', '2,"B\n3,C\n', `2,"B\n${'3,C\n'.repeat(500_000)}`];
    for (const rows of wrong) {
      const entries = await read('csv', `id,name\r\n"1","A\r\nA"\r\n${rows}`);
      expect(valuesOf(entries)).toEqual([{ id: 1, name: 'A\r\nA' }]);
      expect(faultsOf(entries)).toEqual([[expect.anything(), expect.stringMatching(/; nothing after this place was read$/)]]);
    }
    expect(faultsOf(await read('csv', 'id,name\r\n"1","A\r\nA"\r\n2,"B"B\n'))).toEqual([
      [{ line: 4 }, 'a quote within quotes must be doubled; nothing after this place was read'],
    ]);
  });

  test('with a header that is wrong are not read', async () => {
    expect(faultsOf(await read('csv', 'id,nmae\n1,A\n'))).toEqual([
      [{ line: 1 }, 'unknown column "nmae"; expected some of id, name, genres, aliases, externalIds'],
    ]);
    expect(faultsOf(await read('csv', 'id,name,id\n1,A,2\n'))).toEqual([[{ line: 1 }, 'column id is there twice']]);
    expect(faultsOf(await read('csv', ''))).toEqual([[{ line: 1 }, 'expected a header row with the names of the fields']]);
  });

  test('are the same rows in many as in one', async () => {
    const content = ['name', ...manyNames.map((name) => `"${name.replaceAll('"', '""')}"`)].join('\n');
    expect(valuesOf(await read('csv', content))).toEqual(manyNames.map((name) => ({ name })));
  });
});
