import { expect, test } from '@jest/globals';
import { KnownIds } from './references.js';

function counting(existing: (id: number) => boolean): { known: KnownIds; asked: number[][] } {
  const asked: number[][] = [];
  const known = new KnownIds(async (_, ids) => {
    asked.push(ids);
    return ids.filter(existing);
  });
  return { known, asked };
}

test('an id is looked up once, and one that is missing each time', async () => {
  const { known, asked } = counting((id) => id < 10);
  expect(await known.missing('bands', new Set([1, 2, 10]))).toEqual(new Set([10]));
  expect(await known.missing('bands', new Set([2, 10, 3]))).toEqual(new Set([10]));
  expect(await known.missing('bands', new Set([1, 3]))).toEqual(new Set());
  expect(asked).toEqual([
    [1, 2, 10],
    [10, 3],
  ]);
});

test('ids of one kind are not those of another', async () => {
  const { known } = counting(() => false);
  known.add('bands', 1);
  expect(await known.missing('bands', new Set([1]))).toEqual(new Set());
  expect(await known.missing('venues', new Set([1]))).toEqual(new Set([1]));
});

test('of millions of ids the ones in use are remembered, and the others looked up again', async () => {
  const { known, asked } = counting(() => true);
  for (let id = 1; id <= 1_000_000; id++) {
    known.add('bands', id);
    if (id % 1_000 === 0) await known.missing('bands', new Set([7]));
  }
  expect(asked).toEqual([]);
  await known.missing('bands', new Set([7, 8, 1_000_000]));
  expect(asked).toEqual([[8]]);
});
