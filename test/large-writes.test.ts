import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { expectStatus, fieldsOf, numberIn } from './support/answers.js';
import { System } from './support/system.js';

const DATE = 1_909_339_200_000;
const IF_ANY = { 'if-match': '*' };

let system: System;
beforeAll(async () => {
  system = await System.start();
}, 60_000);
afterAll(() => system.close());

/** Texts of 200 characters, and all different. */
const texts = (count: number) => Array.from({ length: count }, (_, index) => `${index} `.padEnd(200, 'text '));
const largeBand = (name: string) => ({ name, genres: texts(64), aliases: texts(64) });
const largeIds = Array.from({ length: 64 }, (_, index) => ({ system: 'shop', id: `${index}`.padEnd(256, '-') }));
const venue = { name: 'Hall', latitude: 48.85, longitude: 2.35 };

test('a concert whose parts and own fields are large is created whole, pinned, and can be changed and deleted', async () => {
  const body = { band: largeBand('Large'), venue, date: DATE, externalIds: largeIds };
  const id = numberIn(expectStatus(await system.writes.post('/concerts', body), 201));
  const patch = { status: 'postponed', externalIds: largeIds.toReversed(), band: largeBand('Larger') };
  const patched = expectStatus(await system.writes.patch(`/concerts/${id}`, patch, IF_ANY), 200);
  expect(fieldsOf(patched)).toMatchObject({ band: 'Larger', status: 'postponed', version: 2 });
  const replaced = await system.writes.put(`/concerts/${id}`, { ...body, externalIds: largeIds }, IF_ANY);
  const { bandId } = fieldsOf(expectStatus(replaced, 200));
  expectStatus(await system.writes.delete(`/concerts/${id}`, IF_ANY), 204);
  // What is still held by an execution could not be deleted.
  expectStatus(await system.writes.delete(`/bands/${String(bandId)}`, IF_ANY), 204);
});

test('what would not leave room for the answers of the services is refused before anything is done', async () => {
  const event = { name: 'Nights', kind: 'bill', externalIds: largeIds };
  const large = { venue: { ...venue, externalIds: largeIds }, event, externalIds: largeIds };
  const body = { band: largeBand('Huge'), date: DATE, ...large };
  expectStatus(await system.writes.post('/concerts', body), 413);
  expect((await system.api.get('/bands?name=Huge')).body).toEqual([]);
});
