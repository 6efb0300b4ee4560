import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Change } from '#contracts';
import {
  type BandStore,
  type ConcertStore,
  type Feed,
  openBandStore,
  openConcertStore,
  openEventStore,
  openVenueStore,
} from '../src/index.js';
import { asking, taken } from './bands-under-sagas.js';
import { FeedReader, scanned } from './feed-reader.js';
import { type StoreUnderTest, silent, soon, storeForTests } from './place.js';
import { Random } from './random.js';
import { endOf, newStep } from './step-keys.js';
import { tellStory } from './stories.js';

/** As long as a wait of a test may last that is to end by something else. */
const LONG_MS = 15_000;
/** How many may wait at once. */
const MAX_WAITERS = 64;

/** What those are told who keep a copy of what a service has. */
export function feedContract(store: StoreUnderTest): void {
  describe('of every kind of record', () => everyKindContract(store));
  describe('and sagas', () => sagasContract(store));
  describe('under concurrent writers', () => concurrencyContract(store));
  describe('to those who wait', () => waitingContract(store));
  describe('and places in it', () => cursorContract(store));
  describe('and what was deleted long ago', () => purgeContract(store));
}

function everyKindContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const venues = storeForTests(store, 'venues', openVenueStore);
  const events = storeForTests(store, 'events', openEventStore);
  const concerts = storeForTests(store, 'concerts', openConcertStore);
  const event = { kind: 'tour' as const, startDate: 0, endDate: 1 };

  test('bands come in the order of their commits, as they are', () =>
    expectFeedOf(bands(), (id, name) => bands().upsert([{ id, name }], soon())));
  test('venues come in the order of their commits, as they are', () =>
    expectFeedOf(venues(), (id, name) => venues().upsert([{ id, name, latitude: 1, longitude: 2 }], soon())));
  test('events come in the order of their commits, as they are', () =>
    expectFeedOf(events(), (id, name) => events().upsert([{ id, name, ...event }], soon())));
  test('concerts come in the order of their commits, as they are', () =>
    expectFeedOf(concerts(), (id, name) =>
      concerts().upsert([{ id, bandId: 1, venueId: id, date: 0, url: `https://example.org/${name}` }], soon()),
    ));
}

interface Fed {
  readonly identity: { storeId: string };
  readonly feed: Feed<unknown>;
  byIds(ids: number[], within: { deadline: number }): Promise<unknown[]>;
}

async function expectFeedOf(store: Fed, write: (id: number, name: string) => Promise<unknown>): Promise<void> {
  const { feed } = store;
  const { storeId } = store.identity;
  const reader = await FeedReader.atHead(feed);
  const from = Date.now();
  await write(3, 'a');
  await write(1, 'a');
  await write(2, 'a');
  await write(3, 'b');
  await write(1, 'a'); // says what is stored
  await reader.readToEnd(() => 2);
  expect(reader.newest.map(({ id, version }) => [id, version])).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
  ]);
  expect(reader.states.map(({ document }) => document)).toEqual(await store.byIds([1, 2, 3], soon()));
  for (const { deleted, committedAt } of reader.told) {
    expect(deleted).toBe(false);
    expect(committedAt).toBeGreaterThanOrEqual(from);
    expect(committedAt).toBeLessThanOrEqual(Date.now());
  }
  expect(await scanned(feed, 2)).toEqual(reader.states);
  expect(await feed.states({ ids: [3, 4, 1] }, soon())).toEqual({ items: [reader.held.get(1), reader.held.get(3)], storeId });
  expect(await feed.states({ ids: [] }, soon())).toEqual({ items: [], storeId });
  expect(await feed.scan({ afterId: 2, limit: 5 }, soon())).toEqual({ items: [reader.held.get(3)], storeId });
  expect(await feed.head({}, soon())).toMatchObject({ cursor: expect.any(String), storeId });
  const end = await feed.changes({ after: reader.cursor, limit: 1, waitMs: 0 }, soon());
  expect(end).toEqual({ items: [], cursor: expect.any(String), isAtEnd: true, storeId });
}

function sagasContract(store: StoreUnderTest): void {
  const opened = storeForTests(store, 'bands', openBandStore);
  const { create, hold, holdId, undo, undoId, pin, patch, retire, unretire, remove, upsert, made, deleted } = asking(opened);
  let reader: FeedReader;
  beforeEach(async () => {
    reader = await FeedReader.atHead(opened().feed);
  });
  const told = async () => (await reader.read()).map(({ id, version, deleted: isDeleted }) => ({ id, version, isDeleted }));

  test('a create is a change; holds, pins, marks and the notes of an undo are none, and leave it where it was', async () => {
    const [maker, other, third, deleter] = [newStep(), newStep(), newStep(), newStep()];
    const { id } = taken(await create('Made', maker));
    const [change] = await reader.read();
    expect(change).toMatchObject({ id, version: 1, document: { name: 'Made' } });
    await hold('Made', other);
    await pin(id, maker);
    await undo('Made', other);
    await holdId(id, third, true);
    await undoId(id, third, true);
    await retire(id, 1, deleter);
    await unretire(id, deleter);
    expect(await reader.read()).toEqual([]);
    expect((await opened().feed.states({ ids: [id] }, soon())).items).toEqual([change]);
    await patch(id, 1, { genres: ['a'] });
    expect(await told()).toEqual([{ id, version: 2, isDeleted: false }]);
  });

  test('a step that was undone before it came is never told, nor is it scanned', async () => {
    const before = await scanned(opened().feed);
    await undo('Never', newStep());
    expect(await reader.read()).toEqual([]);
    expect(await scanned(opened().feed)).toEqual(before);
    const { id } = taken(await hold('Never'));
    expect(await told()).toEqual([{ id, version: 1, isDeleted: false }]);
  });

  test('a create that is undone is deleted for those who saw it', async () => {
    const step = newStep();
    const { id } = taken(await create('Undone', step));
    expect(await told()).toEqual([{ id, version: 1, isDeleted: false }]);
    await undo('Undone', step);
    expect(await reader.read()).toEqual([{ id, version: 2, deleted: true, document: null, committedAt: expect.any(Number) }]);
  });

  test('a delete is a change of version, and so is the return of what was deleted', async () => {
    const id = await made('Back');
    await deleted(id, 1);
    await reader.read();
    expect(reader.held.get(id)).toMatchObject({ version: 2, deleted: true, document: null });
    expect((await opened().feed.states({ ids: [id] }, soon())).items).toEqual([reader.held.get(id)]);
    await upsert({ id, name: 'Back' });
    expect(await told()).toEqual([{ id, version: 3, isDeleted: false }]);
  });

  test('the key that a band gives up leaves nothing in it but the band', async () => {
    const id = await made('Old name');
    await reader.read();
    await patch(id, 1, { name: 'New name' });
    expect(await told()).toEqual([{ id, version: 2, isDeleted: false }]);
    const [twin] = await upsert({ id: 4_000_000, name: 'New name' });
    await told();
    const step = newStep();
    await retire(id, 2, step);
    await remove(id, 2, step);
    expect(await told()).toEqual([{ id, version: 3, isDeleted: true }]);
    await hold('New name', newStep(), 0);
    expect(await told()).toEqual([]);
    expect(twin).toMatchObject({ id: 4_000_000 });
  });
}

function concurrencyContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const concerts = storeForTests(store, 'concerts', openConcertStore);

  test('of bands nothing is missed, and nothing comes out of order', async () => {
    const stories = [1, 2, 3, 4, 5, 6].map((seed) => tellStory(bands(), { seed, isWild: true }));
    const imports = [7, 8].map((seed) => importBands(bands(), seed));
    await expectToldAll(bands(), Promise.all([...stories, ...imports]));
  }, 120_000);

  test('of concerts nothing is missed, and nothing comes out of order', async () => {
    await expectToldAll(concerts(), Promise.all([1, 2, 3, 4].map((seed) => writeConcerts(concerts(), seed))));
  }, 120_000);
}

/** While the writers write, some read along: in the end each holds what is there. */
async function expectToldAll({ feed }: Fed, writing: Promise<unknown>): Promise<void> {
  const readers = await Promise.all(
    [1, 3, 10, 1_000].map(async (maxLimit) => ({ maxLimit, reader: await FeedReader.atHead(feed) })),
  );
  let isOver = false;
  const over = writing.finally(() => {
    isOver = true;
  });
  const reading = readers.map(async ({ maxLimit, reader }) => {
    const random = new Random(maxLimit);
    while (!isOver) await reader.read(random.between(1, maxLimit), random.pick([0, 20]));
    return reader.readToEnd(() => 100);
  });
  await over;
  const all = await scanned(feed);
  const [first, ...others] = await Promise.all(reading);
  // Whatever was there before they began, nobody told them.
  const isOfTheirTime = (change: Change<unknown>) => first?.held.has(change.id) || change.version > 1;
  expect(first?.states).toEqual(all.filter(isOfTheirTime));
  for (const reader of others) expect(reader.states).toEqual(first?.states);
}

const BATCHES = 20;
const BATCH = 20;
const NAMES = 60;

async function importBands(bands: BandStore, seed: number): Promise<void> {
  const random = new Random(seed);
  for (let batch = 0; batch < BATCHES; batch++) {
    const rows = Array.from({ length: BATCH }, () => ({
      name: `Imported ${random.between(1, NAMES)}`,
      genres: [`${random.between(1, 3)}`],
    }));
    await endOf(bands.upsert(rows, soon()));
  }
}

async function writeConcerts(concerts: ConcertStore, seed: number): Promise<void> {
  const random = new Random(seed);
  for (let turn = 0; turn < 60; turn++) {
    const row = { bandId: random.between(1, 3), venueId: random.between(1, 3), date: random.between(1, 6) };
    const stepKey = newStep('concert');
    if (random.oneIn(3)) {
      await endOf(concerts.upsert([{ ...row, status: random.pick(['scheduled', 'postponed']) }], soon()));
    } else if (random.oneIn(8)) {
      const of = { bandId: row.bandId };
      const seen = await endOf(concerts.deleteOf({ of, stepKey }, soon()));
      if (typeof seen === 'object' && 'repeat' in seen) await endOf(concerts.deleteOf({ of, stepKey, ...seen.repeat }, soon()));
    } else {
      const end = await endOf(concerts.steps.create({ stepKey, row, generation: random.between(0, 2) }, soon()));
      if (typeof end === 'object' && 'id' in end && random.oneIn(2)) await concerts.steps.pin({ stepKey, id: end.id }, soon());
      else await endOf(concerts.steps.undo({ stepKey, part: { row } }, soon()));
    }
  }
}

function waitingContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const waiting = (after: string, waitMs = LONG_MS, within = soon()) =>
    bands().feed.changes({ after, limit: 10, waitMs }, within);

  test('a change comes as soon as it is written', async () => {
    const { cursor } = await bands().feed.head({}, soon());
    const answers = Array.from({ length: 5 }, () => waiting(cursor));
    await sleep(100);
    const [written] = await bands().upsert([{ name: 'Awaited' }], soon());
    const from = Date.now();
    for (const { items, isAtEnd } of await Promise.all(answers)) {
      expect(items).toMatchObject([{ id: written?.id, version: 1 }]);
      expect(isAtEnd).toBe(true);
    }
    expect(Date.now() - from).toBeLessThan(LONG_MS / 3);
  });

  test('what is written while they begin to wait is not missed, and comes at once', async () => {
    const from = Date.now();
    for (let round = 0; round < 20; round++) {
      const { cursor } = await bands().feed.head({}, soon());
      const answer = waiting(cursor);
      if (round % 2) await sleep(round / 2);
      await bands().upsert([{ name: `Round ${round}` }], soon());
      expect((await answer).items).toMatchObject([{ document: { name: `Round ${round}` } }]);
    }
    // A second each would be too late.
    expect(Date.now() - from).toBeLessThan(LONG_MS);
  });

  test('who waits for nothing is answered in the end with a place that he can go on from', async () => {
    const { cursor } = await bands().feed.head({}, soon());
    const from = Date.now();
    const empty = await waiting(cursor, 300);
    expect(empty).toMatchObject({ items: [], isAtEnd: true });
    expect(Date.now() - from).toBeGreaterThanOrEqual(300);
    await bands().upsert([{ name: 'Later' }], soon());
    expect(await waiting(empty.cursor)).toMatchObject({ items: [{ document: { name: 'Later' } }] });
  });

  test('what is no change of theirs does not end their wait', async () => {
    const { cursor } = await bands().feed.head({}, soon());
    const answer = waiting(cursor, 500);
    await sleep(50);
    await bands().steps.undo({ stepKey: newStep(), part: { row: { name: 'Only a fence' } } }, soon());
    expect(await answer).toMatchObject({ items: [] });
  });

  test('nobody waits beyond the deadline of his call', async () => {
    const { cursor } = await bands().feed.head({}, soon());
    const deadline = Date.now() + 1_500;
    expect(await waiting(cursor, LONG_MS, { deadline })).toMatchObject({ items: [] });
    expect(Date.now()).toBeLessThan(deadline);
  });

  test(`${MAX_WAITERS} wait at once, and no more; who does not wait is always answered`, async () => {
    const { cursor } = await bands().feed.head({}, soon());
    const answers = Array.from({ length: MAX_WAITERS }, () => waiting(cursor));
    await sleep(1_000);
    await expect(waiting(cursor)).rejects.toMatchObject({ code: 'Overloaded' });
    expect(await waiting(cursor, 0)).toMatchObject({ items: [] });
    await bands().upsert([{ name: 'For all' }], soon());
    for (const { items } of await Promise.all(answers)) expect(items).toHaveLength(1);
    const { cursor: next } = await bands().feed.head({}, soon());
    expect(await waiting(next, 50)).toMatchObject({ items: [] });
  });

  test('when the waits are ended all are answered, and nobody waits any more', async () => {
    const own = await openBandStore({ name: 'bands', ...(await store.newPlace()) }, silent);
    const { cursor } = await own.feed.head({}, soon());
    const request = { after: cursor, limit: 1, waitMs: LONG_MS };
    const answers = Array.from({ length: 3 }, () => own.feed.changes(request, soon()));
    await sleep(100);
    const from = Date.now();
    own.feed.endWaits();
    for (const { items } of await Promise.all(answers)) expect(items).toEqual([]);
    expect(await own.feed.changes(request, soon())).toMatchObject({ items: [] });
    expect(Date.now() - from).toBeLessThan(LONG_MS / 3);
    await own.close();
  });

  test('a store that is closed keeps nobody waiting', async () => {
    const own = await openBandStore({ name: 'bands', ...(await store.newPlace()) }, silent);
    const { cursor } = await own.feed.head({}, soon());
    const ended = endOf(own.feed.changes({ after: cursor, limit: 1, waitMs: LONG_MS }, soon()));
    await sleep(100);
    const from = Date.now();
    await own.close();
    await ended;
    expect(Date.now() - from).toBeLessThan(LONG_MS / 3);
  });
}

function cursorContract(store: StoreUnderTest): void {
  const bands = storeForTests(store, 'bands', openBandStore);
  const others = storeForTests(store, 'bands', openBandStore);
  const changes = (after: string) => bands().feed.changes({ after, limit: 10, waitMs: 0 }, soon());
  const reading = async (after: string) => endOf(changes(after));

  test('the head lies behind all that was written before', async () => {
    for (let round = 0; round < 10; round++) {
      await bands().upsert([{ name: `Before ${round}` }], soon());
      const { cursor } = await bands().feed.head({}, soon());
      expect((await changes(cursor)).items).toEqual([]);
    }
  });

  test('the head says for how long deletes are kept', async () => {
    const tombstoneRetentionMs = 3_600_000;
    const own = await openBandStore({ name: 'bands', ...(await store.newPlace()), tombstoneRetentionMs }, silent);
    expect(await own.feed.head({}, soon())).toMatchObject({ tombstoneRetentionMs });
    await own.close();
  });

  test('what was written after the head comes, once for every time that it is read', async () => {
    const { cursor } = await bands().feed.head({}, soon());
    await bands().upsert([{ name: 'Repeated' }], soon());
    const first = await changes(cursor);
    expect(first.items).toHaveLength(1);
    expect((await changes(cursor)).items).toEqual(first.items);
    expect((await changes(first.cursor)).items).toEqual([]);
  });

  test('a place is good for a store that was opened again', async () => {
    const location = { name: 'bands', ...(await store.newPlace()) };
    const before = await openBandStore(location, silent);
    const { cursor } = await before.feed.head({}, soon());
    await before.upsert([{ name: 'Kept' }], soon());
    await before.close();
    const again = await openBandStore(location, silent);
    const { items } = await again.feed.changes({ after: cursor, limit: 5, waitMs: 0 }, soon());
    expect(items).toMatchObject([{ document: { name: 'Kept' } }]);
    await again.close();
  });

  test('one of another store has expired', async () => {
    const { cursor } = await others().feed.head({}, soon());
    await expect(changes(cursor)).rejects.toMatchObject({
      code: 'CursorExpired',
      detail: expect.stringContaining('another store'),
    });
  });

  test.each(['x', '!', 'bnVsbA', 'W10', 'eyJzdG9yZUlkIjoxfQ', '~~~~'])('what is no place has expired: %s', async (after) => {
    expect(await reading(after)).toBe('CursorExpired');
  });

  test('nor is it one because it names the store', async () => {
    const { storeId } = bands().identity;
    const never = [
      {},
      { seq: 'x' },
      { seq: 1.5 },
      { token: null },
      { token: {} },
      { token: { _data: '' } },
      { token: { _data: 'zz' } },
      { token: { _data: '82' } },
      { token: { _data: 'ff' } },
      { time: 1 },
      { time: { $timestamp: 5 } },
    ];
    for (const place of never) {
      const cursor = Buffer.from(JSON.stringify({ storeId, ...place })).toString('base64url');
      expect({ place, end: await reading(cursor) }).toEqual({ place, end: 'CursorExpired' });
    }
  });

  test('a reader of a quiet store moves on with what he is answered, beside a busy one', async () => {
    const place = await store.newPlace();
    const quiet = await openBandStore({ name: 'bands', ...place }, silent);
    const busy = await openConcertStore({ name: 'concerts', ...place }, silent);
    const reader = await FeedReader.atHead(quiet.feed);
    for (let date = 1; date <= 20; date++) {
      await busy.upsert([{ bandId: 1, venueId: 1, date }], soon());
      expect(await reader.read()).toEqual([]);
    }
    await quiet.upsert([{ name: 'At last' }], soon());
    expect(await reader.read()).toMatchObject([{ document: { name: 'At last' } }]);
    await quiet.close();
    await busy.close();
  });
}

function purgeContract(store: StoreUnderTest): void {
  const opened = storeForTests(store, 'bands', openBandStore);
  const { create, undo, upsert, made, deleted, count } = asking(opened);
  const purge = (before: number, limit = 100) => opened().feed.purgeTombstones({ before, limit }, soon());
  const later = () => Date.now() + 1_000;

  test('tombstones and fences go when the last that was written of them is old enough, and nothing else', async () => {
    const live = await made('Live');
    const gone = await made('Gone');
    await deleted(gone, 1);
    await undo('Fence', newStep());
    const between = Date.now() + 1;
    await sleep(5);
    await deleted(await made('Gone later'), 1);
    expect(await purge(between - 60_000)).toBe(0);
    expect(await purge(between)).toBe(2);
    const left = await scanned(opened().feed);
    expect(left.map(({ version, deleted: isDeleted }) => [version, isDeleted])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect((await opened().feed.states({ ids: [live, gone] }, soon())).items.map(({ id }) => id)).toEqual([live]);
    expect(await count()).toBe(1);
    expect(await purge(later())).toBe(1);
    expect(await scanned(opened().feed)).toHaveLength(1);
  });

  test('a note on a fence makes it young again', async () => {
    await undo('Noted', newStep());
    const between = Date.now() + 1;
    await sleep(5);
    await undo('Noted', newStep());
    expect(await purge(between)).toBe(0);
    expect(await purge(later())).toBe(1);
  });

  test('so many go at once', async () => {
    for (let index = 0; index < 5; index++) await undo(`Many ${index}`, newStep());
    expect(await purge(later(), 3)).toBe(3);
    expect(await purge(later(), 3)).toBe(2);
    expect(await purge(later(), 3)).toBe(0);
  });

  test('what is purged is no change, and its name is free', async () => {
    const id = await made('Free');
    await deleted(id, 1);
    const reader = await FeedReader.atHead(opened().feed);
    await purge(later());
    expect(await reader.read()).toEqual([]);
    const anew = taken(await create('Free'));
    expect(anew).toMatchObject({ version: 1, created: true });
    expect(anew.id).toBeGreaterThan(id);
    expect(await reader.read()).toMatchObject([{ id: anew.id, version: 1 }]);
  });

  test('what comes back to life meanwhile is not purged, or is made anew', async () => {
    for (let round = 0; round < 20; round++) {
      const name = `Reviving ${round}`;
      await deleted(await made(name), 1);
      const reader = await FeedReader.atHead(opened().feed);
      const [, [revived]] = await Promise.all([purge(later()), upsert({ name })]);
      const id = revived?.id ?? 0;
      expect((await opened().byIds([id], soon()))[0]).toMatchObject({ id, name });
      expect(await reader.read()).toMatchObject([{ id, deleted: false }]);
    }
    const before = await count();
    expect((await scanned(opened().feed)).filter(({ deleted: isDeleted }) => !isDeleted)).toHaveLength(before);
  });

  test('a reader who was told all before it goes on; one who was not is told all, or that he must begin anew', async () => {
    const id = await made('Missed');
    const [late, prompt] = [await FeedReader.atHead(opened().feed), await FeedReader.atHead(opened().feed)];
    await deleted(id, 1);
    await prompt.read();
    await purge(later());
    await upsert({ name: 'After the purge' });
    expect(await prompt.read()).toMatchObject([{ document: { name: 'After the purge' } }]);
    const end = await endOf(late.read());
    if (store.store === 'sqlite') expect(end).toBe('CursorExpired');
    else expect(late.held.get(id)).toMatchObject({ deleted: true });
  });
}
