import { describe, expect, test } from '@jest/globals';
import { CannotStart } from '#problem';
import { openBandStore, openConcertStore, openVenueStore } from '../src/index.js';
import { type StoreUnderTest, silent, soon } from './place.js';

export function lifeContract({ store, newPlace, makeNewer, removeField }: StoreUnderTest): void {
  test('a store that is opened again is the same, with all its data', async () => {
    const location = { name: 'bands', ...(await newPlace()) };
    const first = await openBandStore(location, silent);
    const identity = first.identity;
    expect(identity).toEqual({ store, storeId: expect.stringMatching(/^[0-9a-f-]{36}$/), schemaVersion: 3 });
    const [{ id = 0 } = {}] = await first.upsert([{ name: 'Lasting' }], soon());
    await first.close();
    await first.close();
    const again = await openBandStore(location, silent);
    expect(again.identity).toEqual(identity);
    expect(await again.byIds([id], soon())).toMatchObject([{ id, name: 'Lasting', version: 1 }]);
    expect((await again.upsert([{ name: 'Next' }], soon()))[0]?.id).toBeGreaterThan(id);
    await again.close();
  });

  test('a field that records of an older program lack is there with its default, and is no change', async () => {
    const location = { name: 'concerts', ...(await newPlace()) };
    const older = await openConcertStore(location, silent);
    const row = { bandId: 1, venueId: 2, date: 3 };
    const [{ id = 0 } = {}] = await older.upsert([row], soon());
    const whole = await older.byIds([id], soon());
    await older.close();
    await removeField(location, 'status');
    const store = await openConcertStore(location, silent);
    expect(await store.byIds([id], soon())).toEqual(whole);
    expect((await store.find({ sort: 'date', limit: 1 }, soon())).items).toEqual(whole);
    expect(await store.upsert([row, { id, ...row }], soon())).toMatchObject([{ outcome: 'unchanged' }, { outcome: 'unchanged' }]);
    await store.close();
  });

  test('services in one place have stores of their own', async () => {
    const place = await newPlace();
    const bands = await openBandStore({ name: 'bands', ...place }, silent);
    const venues = await openVenueStore({ name: 'venues', ...place }, silent);
    await bands.upsert([{ name: 'Only here' }], soon());
    expect(await venues.count(soon())).toBe(0);
    expect(venues.identity.storeId).not.toBe(bands.identity.storeId);
    await bands.close();
    await venues.close();
  });

  test('a store of a newer version is refused with one line that says so', async () => {
    const location = { name: 'bands', ...(await newPlace()) };
    await (await openBandStore(location, silent)).close();
    await makeNewer(location);
    const opened = openBandStore(location, silent);
    await expect(opened).rejects.toBeInstanceOf(CannotStart);
    await expect(opened).rejects.toThrow(
      /^the store .* has schema version \d+, made by a newer Backline; this one knows up to \d+$/,
    );
  });

  describe('an upsert that fails', () => {
    test('leaves nothing of its batch', async () => {
      const concerts = await openConcertStore({ name: 'concerts', ...(await newPlace()) }, silent);
      const row = { bandId: 1, venueId: 1, date: 0 };
      const broken = {
        id: 3,
        ...row,
        date: 2,
        get billingIndex(): number {
          throw new Error('torn');
        },
      };
      await concerts.upsert([{ id: 4_294_967_295, ...row }], soon());
      await expect(
        concerts.upsert(
          [
            { id: 1, ...row, date: 5 },
            { ...row, date: 6 },
          ],
          soon(),
        ),
      ).rejects.toMatchObject({ code: 'Conflict' });
      await expect(concerts.upsert([{ id: 2, ...row, date: 1 }, broken], soon())).rejects.toThrow('torn');
      expect(await concerts.byIds([1, 2, 3], soon())).toEqual([]);
      expect(await concerts.count(soon())).toBe(1);
      await concerts.close();
    });
  });
}
