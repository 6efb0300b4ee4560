import { expect, test } from '@jest/globals';
import { parseChangeToken, toChangeToken } from './change-token.js';

const entries = (count: number) => Array.from({ length: count }, (_, index) => `concert:${index + 1}@1`).join(',');

test('a token that was written is read again', () => {
  const written = [
    { kind: 'concert', id: 4_294_967_295, version: 7 },
    { kind: 'band', id: 5, version: 16_777_216 },
  ] as const;
  expect(toChangeToken(written)).toBe('concert:4294967295@7,band:5@16777216');
  expect(parseChangeToken(toChangeToken(written))).toEqual(written);
});

test('blanks around its commas mean nothing, as where several headers were made one', () => {
  expect(parseChangeToken('venue:1@2, event:3@4 ,band:5@6')).toEqual([
    { kind: 'venue', id: 1, version: 2 },
    { kind: 'event', id: 3, version: 4 },
    { kind: 'band', id: 5, version: 6 },
  ]);
});

test('of several versions of a record the highest counts', () => {
  expect(parseChangeToken('venue:1@2,venue:1@4,venue:1@3,band:1@1,venue:1@4')).toEqual([
    { kind: 'venue', id: 1, version: 4 },
    { kind: 'band', id: 1, version: 1 },
  ]);
});

test('it has sixteen entries at most', () => {
  expect(parseChangeToken(entries(16))).toHaveLength(16);
  expect(parseChangeToken(entries(17))).toBeUndefined();
});

test.each([
  '',
  ',',
  'band:1@1,',
  'band:1',
  'band@1',
  'bands:1@1',
  'Band:1@1',
  'band:0@1',
  'band:1@0',
  'band:01@1',
  'band:4294967296@1',
  'band:1@16777217',
  'band:-1@1',
  'band: 1@1',
  'band:1@1;venue:1@1',
  'constructor:1@1',
])('no token is "%s"', (text) => {
  expect(parseChangeToken(text)).toBeUndefined();
});
