import { describe, expect, test } from '@jest/globals';
import type { Concert } from '#contracts';
import { openBandStore, openConcertStore, openEventStore, openVenueStore, type StoreLocation } from '../src/index.js';
import { FeedReader, scanned } from './feed-reader.js';
import { silent, soon } from './place.js';
import { endOf, newStep } from './step-keys.js';

// What stores of earlier versions held, as they held it: the fields of each record and what finds it.

const plain = { externalIds: [] };
export const olderBands = [
  { id: 1, key: 'nirvana', twin: 0, folded: 'nirvana', fields: { name: 'Nirvana', genres: ['grunge'], aliases: [], ...plain } },
  { id: 5, key: 'nirvana', twin: 5, folded: 'nirvana', fields: { name: 'Nirvana', genres: [], aliases: [], ...plain } },
];
const place = { city: 'Paris', region: null, country: 'FR', latitude: 48.87, longitude: 2.33, timeZone: 'Europe/Paris' };
export const olderVenues = [
  { id: 2, key: 'olympia|48.8700|2.3300', twin: 0, folded: 'olympia', fields: { name: 'Olympia', ...place, ...plain } },
];
export const olderEvents = [
  { id: 3, folded: 'primavera', fields: { name: 'Primavera', kind: 'festival', startDate: 0, endDate: 1, url: null, ...plain } },
];
const concert = { role: 'headliner', billingIndex: 0, url: null, ...plain } as const;
export const olderConcerts: Concert[] = [
  { id: 4, bandId: 1, venueId: 2, date: 86_400_000, eventId: 3, status: 'scheduled', ...concert, version: 1 },
  { id: 9, bandId: 1, venueId: 2, date: 0, eventId: null, status: 'cancelled', ...concert, version: 1 },
];
/** The version that every other record had. */
export const OLDER_VERSION = 3;
/** The lowest id that such a store had not given. */
export const OLDER_NEXT_ID = 20;

/** A tombstone and a fence among the bands, which stores have had since the second version. */
export const olderTombstones = [
  { id: 10, key: 'gone', version: 2, saga: deletedSaga(1) },
  { id: 11, key: 'never', version: 0, saga: deletedSaga(0) },
];
function deletedSaga(generation: number) {
  return { deleted: true, generation, pinned: false, holders: [], released: [], retiring: null, lastSteps: [] };
}

/** @param makeOlder makes the four stores of a version at an empty place */
export function olderStoresTests(makeOlder: (version: 1 | 2) => Promise<Omit<StoreLocation, 'name'>>): void {
  describe('a store of the first version', () => worksTests(() => makeOlder(1)));
  describe('a store of the second version', () => {
    worksTests(() => makeOlder(2));
    feedTests(() => makeOlder(2));
  });
}

function feedTests(makeOlder: () => Promise<Omit<StoreLocation, 'name'>>): void {
  test('has all that it held in its feed, and what is written from now on', async () => {
    const store = await openBandStore({ name: 'bands', ...(await makeOlder()) }, silent);
    const { feed } = store;
    const reader = await FeedReader.atHead(feed);
    const live = olderBands.map(({ id, fields }) => {
      return {
        id,
        version: OLDER_VERSION,
        deleted: false,
        document: { id, ...fields, version: OLDER_VERSION },
        committedAt: null,
      };
    });
    const gone = { id: 10, version: 2, deleted: true, document: null, committedAt: null };
    expect(await scanned(feed, 2)).toEqual([...live, gone]);
    expect((await feed.states({ ids: [1, 10, 11] }, soon())).items).toEqual([live[0], gone]);
    expect(await reader.read()).toEqual([]);

    const step = newStep();
    await store.steps.hold({ stepKey: step, part: { id: 5 }, generation: 0, evenPinned: true }, soon());
    await store.steps.undo({ stepKey: step, part: { id: 5 }, evenPinned: true }, soon());
    expect(await reader.read()).toEqual([]);
    await store.upsert([{ id: 1, name: 'Nirvana' }, { name: 'gone' }, { name: 'never' }], soon());
    const changed = await reader.read();
    expect(changed.map(({ id, version, committedAt }) => [id, version, typeof committedAt])).toEqual([
      [1, OLDER_VERSION + 1, 'number'],
      [10, 3, 'number'],
      [11, 1, 'number'],
    ]);
    await store.close();
  });

  test('remembers what was deleted from its opening on for as long as anything else', async () => {
    const openedAt = Date.now();
    const store = await openBandStore({ name: 'bands', ...(await makeOlder()) }, silent);
    const purge = (before: number) => store.feed.purgeTombstones({ before, limit: 10 }, soon());
    expect(await purge(openedAt)).toBe(0);
    expect(await scanned(store.feed)).toHaveLength(3);
    expect(await purge(Date.now() + 1)).toBe(2);
    expect(await scanned(store.feed)).toHaveLength(2);
    expect(await store.count(soon())).toBe(2);
    await store.close();
  });
}

function worksTests(makeOlder: () => Promise<Omit<StoreLocation, 'name'>>): void {
  test('of bands is brought up to date, with all that it held', async () => {
    const store = await openBandStore({ name: 'bands', ...(await makeOlder()) }, silent);
    expect(store.identity.schemaVersion).toBe(3);
    const bands = olderBands.map(({ id, fields }) => ({ id, ...fields, version: OLDER_VERSION }));
    expect(await store.list({ limit: 10 }, soon())).toEqual(bands);
    expect(await store.count(soon())).toBe(2);
    const rows = [{ name: 'nirvana' }, { id: 5, name: 'Nirvana' }, { name: 'New' }];
    expect(await store.upsert(rows, soon())).toMatchObject([
      { id: 1, outcome: 'updated' },
      { id: 5, outcome: 'unchanged', keyHolder: 1 },
      { id: OLDER_NEXT_ID, outcome: 'created' },
    ]);
    await store.close();
  });

  test('has pinned all: nobody takes it back, and it can be changed and deleted', async () => {
    const store = await openBandStore({ name: 'bands', ...(await makeOlder()) }, silent);
    const [step, deleting] = [newStep(), newStep()];
    const part = { row: { name: 'Nirvana' } };
    expect(await store.steps.hold({ stepKey: step, part }, soon())).toEqual({
      id: 1,
      version: OLDER_VERSION,
      created: false,
      held: false,
    });
    expect(await store.steps.undo({ stepKey: step, part }, soon())).toEqual({ live: true });
    expect(await store.steps.undo({ stepKey: step, part: { id: 5 } }, soon())).toEqual({ live: true });
    expect(await endOf(store.steps.create({ stepKey: step, row: { name: 'Nirvana' } }, soon()))).toBe('Conflict');
    const change = { id: 5, expectedVersion: OLDER_VERSION, stepKey: step };
    expect(await store.steps.patch({ ...change, patch: { genres: ['a'] } }, soon())).toMatchObject({ version: 4 });
    const removal = { id: 1, expectedVersion: OLDER_VERSION, stepKey: deleting };
    await store.steps.retire(removal, soon());
    expect(await store.steps.delete(removal, soon())).toEqual({ version: 4 });
    expect(await store.list({ limit: 10 }, soon())).toMatchObject([{ id: 5, version: 4 }]);
    expect(await store.steps.hold({ stepKey: newStep(), part, generation: 1 }, soon())).toMatchObject({ id: 5 });
    await store.close();
  });

  test('of venues has them at their places', async () => {
    const store = await openVenueStore({ name: 'venues', ...(await makeOlder()) }, silent);
    const circle = { latitude: 48.87, longitude: 2.33, radiusKm: 1 };
    expect(await store.near({ circle, limit: 5 }, soon())).toMatchObject([{ venue: { id: 2, version: OLDER_VERSION } }]);
    const change = { id: 2, expectedVersion: OLDER_VERSION, stepKey: newStep('venue') };
    expect(await store.steps.patch({ ...change, patch: { latitude: 49 } }, soon())).toMatchObject({ latitude: 49, version: 4 });
    expect(await store.near({ circle, limit: 5 }, soon())).toEqual([]);
    await store.close();
  });

  test('of events takes those that sagas make beside its own', async () => {
    const store = await openEventStore({ name: 'events', ...(await makeOlder()) }, silent);
    const row = { name: 'Primavera', kind: 'festival' as const, startDate: 0, endDate: 1 };
    const stepKey = newStep('event');
    const made = await store.steps.hold({ stepKey, part: { row } }, soon());
    expect(made).toMatchObject({ id: OLDER_NEXT_ID, created: true });
    expect((await store.list({ limit: 5 }, soon())).map(({ id }) => id)).toEqual([3, OLDER_NEXT_ID]);
    expect(await store.steps.undo({ stepKey, part: { row } }, soon())).toEqual({ live: false });
    const change = { id: 3, expectedVersion: OLDER_VERSION, stepKey: newStep('event') };
    expect(await store.steps.replace({ ...change, row: { ...row, name: 'Renamed' } }, soon())).toMatchObject({ version: 4 });
    await store.close();
  });

  test('of concerts finds them by every way', async () => {
    const store = await openConcertStore({ name: 'concerts', ...(await makeOlder()) }, silent);
    for (const filter of [{}, { bandIds: [1] }, { venueIds: [2] }, { eventIds: [3] }]) {
      const { items } = await store.find({ ...filter, sort: 'date', limit: 5 }, soon());
      expect(items).toEqual(olderConcerts.slice(0, 1));
    }
    expect(await store.countOf({ of: { bandId: 1 }, atMost: 5 }, soon())).toEqual({ count: 2 });
    const change = { id: 4, expectedVersion: 1, stepKey: newStep('concert') };
    expect(await store.steps.patch({ ...change, patch: { date: 1 } }, soon())).toMatchObject({ date: 1, version: 2 });
    expect(await store.steps.delete({ id: 9, expectedVersion: 1, stepKey: newStep('concert') }, soon())).toEqual({
      version: 2,
    });
    expect((await store.find({ status: 'any', sort: 'date', limit: 5 }, soon())).items).toMatchObject([{ id: 4, date: 1 }]);
    await store.close();
  });
}
