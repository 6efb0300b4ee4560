import { describe, expect, test } from '@jest/globals';
import { openConcertStore, openEventStore, openVenueStore } from '../src/index.js';
import { taken } from './bands-under-sagas.js';
import { type StoreUnderTest, soon, storeForTests } from './place.js';
import { endOf, newStep } from './step-keys.js';

const HOUR_MS = 3_600_000;

export function kindsContract(store: StoreUnderTest): void {
  const venues = storeForTests(store, 'venues', openVenueStore);
  const events = storeForTests(store, 'events', openEventStore);
  const concerts = storeForTests(store, 'concerts', openConcertStore);
  const around = { circle: { latitude: 48.87, longitude: 2.33, radiusKm: 20_100 }, limit: 10 };

  test('a venue is gone from every place that it was found at', async () => {
    const stepKey = newStep('venue');
    const row = { name: 'Olympia', latitude: 48.87, longitude: 2.33 };
    const { id } = taken(await venues().steps.create({ stepKey, row }, soon()));
    expect(await venues().near({ ...around, circle: { ...around.circle, radiusKm: 1 } }, soon())).toHaveLength(1);
    await venues().steps.undo({ stepKey, part: { row } }, soon());
    expect(await venues().near({ ...around, circle: { ...around.circle, radiusKm: 1 } }, soon())).toEqual([]);
    expect(await venues().near(around, soon())).toEqual([]);
    const box = { west: -180, south: -90, east: 180, north: 90 };
    expect(await venues().idsWithin({ area: { box }, limit: 10 }, soon())).toMatchObject({ items: [] });
    expect(await venues().idsWithin({ area: around, limit: 10 }, soon())).toMatchObject({ items: [] });
    expect(await venues().list({ limit: 10 }, soon())).toEqual([]);
    expect(await venues().count(soon())).toBe(0);
    expect(await venues().byIds([id], soon())).toEqual([]);
  });

  test('the time zone of a venue that moves goes with it, unless it was given', async () => {
    const row = { name: 'Moving', latitude: 48.87, longitude: 2.33 };
    await venues().upsert(
      [
        { id: 70, ...row },
        { id: 71, ...row, name: 'Given', timeZone: 'Europe/Berlin' },
      ],
      soon(),
    );
    const move = (id: number, patch: Record<string, unknown>, expectedVersion = 1) =>
      venues().steps.patch({ stepKey: newStep('venue'), id, expectedVersion, patch }, soon());
    expect(await move(70, { latitude: 40.7, longitude: -74 })).toMatchObject({ timeZone: 'America/New_York', version: 2 });
    expect(await move(71, { latitude: 40.7, longitude: -74 })).toMatchObject({ timeZone: 'Europe/Berlin' });
    expect(await move(71, { timeZone: null }, 2)).toMatchObject({ timeZone: 'America/New_York' });
    expect(await move(70, { timeZone: 'Asia/Tokyo' }, 2)).toMatchObject({ timeZone: 'Asia/Tokyo', latitude: 40.7 });
    expect(await venues().near({ ...around, circle: { latitude: 40.7, longitude: -74, radiusKm: 1 } }, soon())).toHaveLength(2);
  });

  test('an event has no natural key: each step makes its own, and finds that again', async () => {
    const row = { name: 'Primavera', kind: 'festival' as const, startDate: 0, endDate: 1 };
    const [first, second] = [newStep('event'), newStep('event')];
    const { steps } = events();
    await events().upsert([{ id: 1, ...row }], soon());
    const one = taken(await steps.hold({ stepKey: first, part: { row } }, soon()));
    const other = taken(await steps.create({ stepKey: second, row }, soon()));
    expect(await steps.hold({ stepKey: first, part: { row } }, soon())).toEqual(one);
    expect(new Set([1, one.id, other.id]).size).toBe(3);
    expect(await steps.undo({ stepKey: first, part: { row } }, soon())).toEqual({ live: false });
    expect(await endOf(steps.hold({ stepKey: first, part: { row } }, soon()))).toBe('Cancelled');
    await steps.pin({ stepKey: second, id: other.id }, soon());
    const change = { id: other.id, expectedVersion: 1, stepKey: newStep('event') };
    expect(await steps.patch({ ...change, patch: { name: 'Other' } }, soon())).toMatchObject({ name: 'Other', version: 2 });
    expect(await steps.create({ stepKey: second, row }, soon())).toMatchObject({ id: other.id, created: true, held: false });
    await events().upsert([{ id: other.id, ...row, url: 'https://example.org' }], soon());
    expect(await steps.undo({ stepKey: second, part: { row } }, soon())).toEqual({ live: true });
    expect((await events().list({ limit: 9 }, soon())).map(({ id }) => id)).toEqual([1, other.id]);
    expect(await events().count(soon())).toBe(2);
  });

  test('an event whose create never came is fenced under its step, and an imported one is deleted like any other', async () => {
    const row = { name: 'Never', kind: 'bill' as const, startDate: 0, endDate: 1 };
    const [late, deleting] = [newStep('event'), newStep('event')];
    const { steps } = events();
    expect(await steps.undo({ stepKey: late, part: { row } }, soon())).toEqual({ live: false });
    expect(await endOf(steps.create({ stepKey: late, row }, soon()))).toBe('Cancelled');
    await events().upsert([{ id: 50, ...row }], soon());
    await steps.retire({ id: 50, expectedVersion: 1, stepKey: deleting }, soon());
    expect(await steps.delete({ id: 50, expectedVersion: 1, stepKey: deleting }, soon())).toEqual({ version: 2 });
    expect(await events().upsert([{ id: 50, ...row }], soon())).toEqual([{ id: 50, outcome: 'created' }]);
    expect(await events().byIds([50], soon())).toMatchObject([{ version: 3 }]);
  });

  test('a concert is deleted at once, and gone from every search', async () => {
    const { steps } = concerts();
    const [making, deleting] = [newStep('concert'), newStep('concert')];
    const row = { bandId: 1, venueId: 2, eventId: 3, date: 5 * HOUR_MS, status: 'postponed' as const };
    const { id } = taken(await steps.create({ stepKey: making, row }, soon()));
    await steps.pin({ stepKey: making, id }, soon());
    expect(await endOf(steps.delete({ id, expectedVersion: 2, stepKey: newStep('concert') }, soon()))).toBe('PreconditionFailed');
    expect(await steps.delete({ id, expectedVersion: 1, stepKey: deleting }, soon())).toEqual({ version: 2 });
    expect(await steps.delete({ id, expectedVersion: 1, stepKey: deleting }, soon())).toEqual({ version: 2 });
    for (const filter of [{}, { bandIds: [1] }, { venueIds: [2] }, { eventIds: [3] }, { bandIds: [1], venueIds: [2] }]) {
      for (const status of ['any', 'postponed'] as const) {
        expect((await concerts().find({ ...filter, status, sort: 'date', limit: 5 }, soon())).items).toEqual([]);
      }
    }
    expect(await concerts().count(soon())).toBe(0);
    const again = await steps.create(
      { stepKey: newStep('concert'), row: { ...row, status: 'scheduled' }, generation: 1 },
      soon(),
    );
    expect(again).toMatchObject({ id, version: 3 });
    expect((await concerts().find({ bandIds: [1], sort: 'date', limit: 5 }, soon())).items).toMatchObject([{ id, version: 3 }]);
  });

  test('a concert that is moved is found by its new band, venue and date, and not moved onto another', async () => {
    const { steps } = concerts();
    const rows = [
      { id: 600, bandId: 60, venueId: 61, date: 0 },
      { id: 601, bandId: 60, venueId: 61, date: 1 },
    ];
    await concerts().upsert(rows, soon());
    const patch = (fields: Record<string, unknown>, expectedVersion: number) =>
      steps.patch({ stepKey: newStep('concert'), id: 600, expectedVersion, patch: fields }, soon());
    await expect(patch({ date: 1 }, 1)).rejects.toMatchObject({ code: 'Conflict', detail: expect.stringContaining('id 601') });
    expect(await patch({ venueId: 62, date: 1 }, 1)).toMatchObject({ id: 600, venueId: 62, version: 2 });
    expect((await concerts().find({ venueIds: [62], sort: 'date', limit: 5 }, soon())).items).toMatchObject([{ id: 600 }]);
    expect((await concerts().find({ venueIds: [61], sort: 'date', limit: 5 }, soon())).items).toMatchObject([{ id: 601 }]);
  });

  describe('the concerts of a band, venue or event', () => {
    const owned = (count: number, row: { bandId: number; venueId: number; eventId?: number }) =>
      Array.from(
        { length: count },
        (_, index) => ({ ...row, date: index, status: index % 2 ? 'cancelled' : 'scheduled' }) as const,
      );
    const countOf = (of: object, atMost: number) => concerts().countOf({ of: Object(of), atMost }, soon());
    const stepKey = newStep('cascade');
    const deleteOf = (of: object, memo: object = {}) => concerts().deleteOf({ of: Object(of), stepKey, ...memo }, soon());
    const memoOf = (answer: Awaited<ReturnType<typeof deleteOf>>) => ('repeat' in answer ? answer.repeat : {});

    test('are counted, also the cancelled ones; more than may be is a Conflict that says how many', async () => {
      await concerts().upsert(owned(12, { bandId: 800, venueId: 801, eventId: 802 }), soon());
      for (const part of [{ bandId: 800 }, { venueId: 801 }, { eventId: 802 }]) {
        expect(await countOf(part, 12)).toEqual({ count: 12 });
        await expect(countOf(part, 0)).rejects.toMatchObject({ code: 'Conflict', detail: '12 concerts refer to it' });
        expect(await endOf(countOf(part, 11))).toBe('Conflict');
      }
      expect(await countOf({ bandId: 801 }, 0)).toEqual({ count: 0 });
    });

    test('are deleted 500 at a time, but for those whose executions have not ended, which are waited for', async () => {
      for (const date of [0, 10_000, 20_000]) {
        const rows = owned(500, { bandId: 810, venueId: 811, eventId: 812 });
        await concerts().upsert(
          rows.map((row) => ({ ...row, date: row.date + date })),
          soon(),
        );
      }
      await expect(countOf({ venueId: 811 }, 0)).rejects.toMatchObject({ detail: 'more than 1000 concerts refer to it' });
      const before = await concerts().count(soon());
      const making = newStep('concert');
      const row = { bandId: 810, venueId: 811, eventId: 812, date: -1 };
      const { id } = taken(await concerts().steps.create({ stepKey: making, row }, soon()));
      const first = memoOf(await deleteOf({ bandId: 810 }));
      expect(first).toMatchObject({ deleted: 0 });
      const second = memoOf(await deleteOf({ bandId: 810 }, first));
      expect(second).toMatchObject({ deleted: 500 });
      expect(memoOf(await deleteOf({ bandId: 810 }, first))).toEqual(second);
      const third = memoOf(await deleteOf({ venueId: 811 }, second));
      expect(third).toMatchObject({ deleted: 1_000 });
      const last = memoOf(await deleteOf({ eventId: 812 }, third));
      expect(last).toEqual({ deleted: 1_500, concerts: [] });
      expect(await endOf(deleteOf({ eventId: 812 }, last))).toBe('Unavailable');
      expect(await concerts().count(soon())).toBe(before - 1_500 + 1);
      await concerts().steps.pin({ stepKey: making, id }, soon());
      const seen = memoOf(await deleteOf({ eventId: 812 }, last));
      expect(seen).toMatchObject({ deleted: 1_500, concerts: [{ id }] });
      expect(await deleteOf({ eventId: 812 }, seen)).toEqual({ deleted: 1_501 });
      expect(await deleteOf({ eventId: 812 }, seen)).toEqual({ deleted: 1_501 });
      expect(await concerts().byIds([id], soon())).toEqual([]);
      expect(await countOf({ bandId: 810 }, 0)).toEqual({ count: 0 });
      expect(await concerts().steps.create({ stepKey: newStep('concert'), row }, soon())).toEqual({ repeat: { generation: 1 } });
    }, 60_000);
  });
}
