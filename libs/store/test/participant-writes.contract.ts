import { expect, test } from '@jest/globals';
import type { BandStore } from '../src/index.js';
import { asking, taken } from './bands-under-sagas.js';
import { soon } from './place.js';
import { endOf, newStep } from './step-keys.js';

export function changeContract(opened: () => BandStore): void {
  const { get, patch, replace, made, deleted, create, retire, named } = asking(opened);

  test('raises the version, keeps the id, and answers the record', async () => {
    const id = await made('Changing');
    const replaced = await replace(id, 1, { name: 'Changing', genres: ['a', 'b'] });
    expect(replaced).toEqual({ id, name: 'Changing', genres: ['a', 'b'], aliases: [], externalIds: [], version: 2 });
    const patched = await patch(id, 2, { aliases: ['c'] });
    expect(patched).toEqual({ ...replaced, aliases: ['c'], version: 3 });
    expect(await patch(id, 3, { genres: null, aliases: ['d'] })).toEqual({ ...replaced, genres: [], aliases: ['d'], version: 4 });
    expect(await get(id)).toEqual({ ...replaced, genres: [], aliases: ['d'], version: 4 });
    expect(Object.keys(patched)).toEqual(['id', 'name', 'genres', 'aliases', 'externalIds', 'version']);
    expect(await replace(id, 4, { name: 'Changing' })).toMatchObject({ aliases: [], version: 5 });
  });

  test('that says what is stored counts nevertheless', async () => {
    const id = await made('Same');
    expect(await patch(id, 1, {})).toMatchObject({ version: 2 });
  });

  test('that comes twice was done before, and is answered as it was', async () => {
    const id = await made('Repeated');
    const [first, second] = [newStep(), newStep()];
    const patched = await patch(id, 1, { genres: ['a'] }, first);
    expect(await patch(id, 1, { genres: ['a'] }, first)).toEqual(patched);
    const replaced = await replace(id, 2, { name: 'Repeated', genres: ['b'] }, second);
    expect(await patch(id, 1, { genres: ['a'] }, first)).toEqual(patched);
    expect(await replace(id, 2, { name: 'Repeated', genres: ['b'] }, second)).toEqual(replaced);
    expect(await get(id)).toEqual(replaced);
  });

  test('of another version is PreconditionFailed', async () => {
    const id = await made('Stale');
    await patch(id, 1, { genres: ['a'] });
    expect(await endOf(patch(id, 1, { genres: ['b'] }))).toBe('PreconditionFailed');
    expect(await endOf(replace(id, 3, { name: 'Stale' }))).toBe('PreconditionFailed');
    expect(await get(id)).toMatchObject({ genres: ['a'], version: 2 });
  });

  test('that was refused is refused for good, even when it would be in order at last', async () => {
    const id = await made('Refused');
    const [ahead, taken] = [newStep(), newStep()];
    expect(await endOf(patch(id, 2, { genres: ['late'] }, ahead))).toBe('PreconditionFailed');
    await made('Refused name');
    expect(await endOf(patch(id, 1, { name: 'Refused name' }, taken))).toBe('Conflict');
    const holder = (await named('refused name'))[0] ?? 0;
    await deleted(holder, 1);
    expect(await endOf(patch(id, 1, { name: 'Refused name' }, taken))).toBe('Cancelled');
    await patch(id, 1, { genres: ['a'] });
    expect(await endOf(patch(id, 2, { genres: ['late'] }, ahead))).toBe('Cancelled');
    expect(await get(id)).toMatchObject({ name: 'Refused', genres: ['a'], version: 2 });
  });

  test('of what is not there is NotFound; of what is about to be deleted, a Conflict', async () => {
    expect(await endOf(patch(4_000_000_000, 1, {}))).toBe('NotFound');
    const id = await made('Not there');
    const step = newStep();
    await patch(id, 1, { genres: ['a'] }, step);
    await retire(id, 2, newStep());
    expect(await endOf(patch(id, 2, {}))).toBe('Conflict');
    expect(await patch(id, 1, { genres: ['a'] }, step)).toMatchObject({ version: 2 });
    const gone = await made('Gone since');
    await patch(gone, 1, { genres: ['a'] }, step);
    await deleted(gone, 2);
    expect(await endOf(patch(gone, 1, { genres: ['a'] }, step))).toBe('NotFound');
    expect(await endOf(patch(gone, 3, {}))).toBe('NotFound');
  });

  test('is of no use while its maker has not ended', async () => {
    const { id } = taken(await create('Unfinished'));
    expect(await endOf(replace(id, 1, { name: 'Unfinished' }))).toBe('Conflict');
  });
}

export function renameContract(opened: () => BandStore): void {
  const { get, patch, replace, made, create, hold, holdId, undo, undoId, pin, count, named, check } = asking(opened);

  test('goes with the band, under which it is found from then on', async () => {
    const id = await made('Warsaw (band)');
    const step = newStep();
    expect(await patch(id, 1, { name: 'Joy Division (band)' }, step)).toMatchObject({ id, version: 2 });
    expect(await patch(id, 1, { name: 'Joy Division (band)' }, step)).toMatchObject({ id, version: 2 });
    expect(await hold('joy division (band)')).toMatchObject({ id, created: false });
    expect(await named('warsaw (band)')).toEqual([]);
    expect(await replace(id, 2, { name: 'WARSAW (band)' })).toMatchObject({ id, name: 'WARSAW (band)', version: 3 });
    expect(await patch(id, 3, { name: 'joy division (BAND)' })).toMatchObject({ id, version: 4 });
    expect(await check(id)).toMatchObject({ name: 'joy division (BAND)' });
  });

  test('that another band has is a Conflict that names it', async () => {
    const [one, other] = [await made('One band'), await made('Other band')];
    const moving = patch(one, 1, { name: 'other BAND' });
    await expect(moving).rejects.toMatchObject({ code: 'Conflict', detail: expect.stringContaining(`id ${other}`) });
    expect(await get(one)).toMatchObject({ name: 'One band', version: 1 });
    expect(await patch(one, 1, { name: 'ONE band' })).toMatchObject({ version: 2 });
  });

  test('that is fenced is taken, and what the fence keeps away stays away', async () => {
    const step = newStep();
    await undo('Fenced name', step);
    const id = await made('Moves to a fence');
    const before = await count();
    expect(await patch(id, 1, { name: 'Fenced name' })).toMatchObject({ id, version: 2 });
    expect(await endOf(create('Fenced name', step))).toBe('Cancelled');
    expect(await hold('Fenced name')).toMatchObject({ id });
    expect(await count()).toBe(before);
  });

  test('leaves nothing under which a late create makes the band a second time', async () => {
    const step = newStep();
    const { id } = taken(await create('Old name', step));
    await pin(id, step);
    await patch(id, 1, { name: 'New name' });
    const before = await count();
    expect(await create('Old name', step)).toEqual({ repeat: { generation: 1 } });
    expect(await hold('Old name')).toEqual({ repeat: { generation: 1 } });
    expect(await count()).toBe(before);
    const other = taken(await create('Old name', newStep(), 1));
    expect(other).toMatchObject({ version: 1, created: true });
    expect(other.id).not.toBe(id);
  });

  test('goes back and forth between two, and every old create stays away', async () => {
    const id = await made('Tick');
    for (let version = 1; version < 9; version += 2) {
      expect(await patch(id, version, { name: 'Tock' })).toMatchObject({ id, version: version + 1 });
      expect(await create('Tick')).toMatchObject({ repeat: {} });
      expect(await patch(id, version + 1, { name: 'Tick' })).toMatchObject({ id, version: version + 2 });
      expect(await create('Tock')).toMatchObject({ repeat: {} });
    }
    expect(await named('ti')).toEqual([id]);
    expect(await named('toc')).toEqual([]);
  });

  test('waits until nobody holds the band, who would look for it under the old one', async () => {
    const id = await made('Wanted');
    const step = newStep();
    await holdId(id, step, true);
    expect(await endOf(patch(id, 1, { name: 'Not wanted' }))).toBe('Unavailable');
    await undoId(id, step, true);
    expect(await patch(id, 1, { name: 'Not wanted' })).toMatchObject({ version: 2 });
  });
}

export function deleteContract(opened: () => BandStore): void {
  const { get, made, retire, unretire, remove, patch, check, count, create, upsert, undo, holdId, undoId } = asking(opened);

  test('is announced, then done, and its repeat is done before', async () => {
    const id = await made('Deleted');
    const step = newStep();
    const before = await count();
    expect(await endOf(remove(id, 1, step))).toBe('Conflict');
    expect(await retire(id, 1, step)).toEqual({});
    expect(await retire(id, 1, step)).toEqual({});
    expect(await get(id)).toMatchObject({ version: 1 });
    expect(await remove(id, 1, step)).toEqual({ version: 2 });
    expect(await remove(id, 1, step)).toEqual({ version: 2 });
    expect(await retire(id, 1, step)).toEqual({});
    expect(await get(id)).toBeUndefined();
    expect(await count()).toBe(before - 1);
    expect(await endOf(remove(id, 1, newStep()))).toBe('NotFound');
    expect(await endOf(retire(id, 2, newStep()))).toBe('NotFound');
  });

  test('that is repeated when its tombstone has been purged is answered as it was', async () => {
    const id = await made('Deleted long ago');
    const step = newStep();
    await retire(id, 1, step);
    const answer = await remove(id, 1, step);
    await opened().feed.purgeTombstones({ before: Date.now() + 1_000, limit: 1_000 }, soon());
    expect(await opened().feed.states({ ids: [id] }, soon())).toMatchObject({ items: [] });
    expect(await remove(id, 1, step)).toEqual(answer);
    expect(await endOf(retire(id, 1, newStep()))).toBe('NotFound');
  });

  test('of another version is PreconditionFailed, of what is not there NotFound', async () => {
    const id = await made('Deleted too late');
    await patch(id, 1, {});
    expect(await endOf(retire(id, 1, newStep()))).toBe('PreconditionFailed');
    expect(await endOf(retire(4_000_000_000, 1, newStep()))).toBe('NotFound');
    expect(await unretire(4_000_000_000, newStep())).toEqual({});
  });

  test('that another has announced is a Conflict until that one takes it back', async () => {
    const id = await made('Contested delete');
    const [first, second] = [newStep(), newStep()];
    await retire(id, 1, first);
    expect(await endOf(retire(id, 1, second))).toBe('Conflict');
    expect(await endOf(remove(id, 1, second))).toBe('Conflict');
    expect(await unretire(id, second)).toEqual({});
    expect(await endOf(check(id))).toBe('Conflict');
    await unretire(id, first);
    expect(await check(id)).toMatchObject({ id });
    expect(await endOf(retire(id, 1, second))).toBe('Cancelled');
    await retire(id, 1, newStep());
  });

  test('that was taken back does not come again', async () => {
    const id = await made('Kept');
    const [late, doubled] = [newStep(), newStep()];
    await unretire(id, late);
    expect(await endOf(retire(id, 1, late))).toBe('Cancelled');
    await retire(id, 1, doubled);
    await unretire(id, doubled);
    expect(await endOf(retire(id, 1, doubled))).toBe('Cancelled');
    expect(await endOf(remove(id, 1, doubled))).toBe('Conflict');
    expect(await patch(id, 1, {})).toMatchObject({ version: 2 });
  });

  test('is not announced while another write holds the band, unless it says that it waits for that', async () => {
    const id = await made('Still held');
    const step = { stepKey: newStep(), id, expectedVersion: 1 };
    const holder = newStep();
    await holdId(id, holder, true);
    expect(await endOf(opened().steps.retire(step, soon()))).toBe('Conflict');
    expect(await opened().steps.retire({ ...step, evenHeld: true }, soon())).toEqual({});
    await undoId(id, holder, true);
    await unretire(id, step.stepKey);
    expect(await opened().steps.retire({ ...step, stepKey: newStep() }, soon())).toEqual({});
  });

  test('that is announced is done although an import changed the band since', async () => {
    const id = await made('Changed meanwhile');
    const step = newStep();
    await retire(id, 1, step);
    await upsert({ id, name: 'Changed meanwhile', genres: ['a'] });
    expect(await remove(id, 1, step)).toEqual({ version: 3 });
    expect(await remove(id, 1, step)).toEqual({ version: 3 });
    expect(await get(id)).toBeUndefined();
  });

  test('and an undo under the same name do not disturb each other', async () => {
    const step = newStep();
    const id = await made('Undone');
    expect(await undo('Undone', step)).toEqual({ live: true });
    const deleting = newStep();
    await retire(id, 1, deleting);
    await remove(id, 1, deleting);
    expect(await undo('Undone', step)).toEqual({ live: false });
    expect(await endOf(create('Undone', step, 1))).toBe('Cancelled');
  });
}
