import { expect, test } from '@jest/globals';
import type { BandStore } from '../src/index.js';
import { asking, taken } from './bands-under-sagas.js';
import { endOf, newStep } from './step-keys.js';

export function twinsContract(opened: () => BandStore): void {
  const { get, upsert, hold, deleted, patch, named, create, count } = asking(opened);

  test('have one that is found by name: when it is deleted the next, and at last none', async () => {
    await upsert({ id: 900_001, name: 'Nirvana (twin)' }, { id: 900_002, name: 'NIRVANA (twin)' });
    expect(await hold('nirvana (twin)')).toMatchObject({ id: 900_001, held: false });
    await deleted(900_001, 1);
    expect(await hold('nirvana (twin)')).toEqual({ repeat: { generation: 1 } });
    expect(await hold('nirvana (twin)', newStep(), 1)).toMatchObject({ id: 900_002, held: false });
    expect(await endOf(create('nirvana (twin)', newStep(), 1))).toBe('Conflict');
    await deleted(900_002, 1);
    expect(await hold('nirvana (twin)', newStep(), 1)).toEqual({ repeat: { generation: 2 } });
    expect(await named('nirvana (twin)')).toEqual([]);
    expect(await hold('nirvana (twin)', newStep(), 2)).toMatchObject({ id: 900_002, version: 3, created: true });
    expect(await upsert({ id: 900_001, name: 'Nirvana (twin)' })).toEqual([
      { id: 900_001, outcome: 'created', keyHolder: 900_002 },
    ]);
    expect(await get(900_001)).toMatchObject({ version: 3 });
  });

  test('are changed and renamed by id, and leave the name to its holder', async () => {
    await upsert({ id: 900_011, name: 'Same name' }, { id: 900_012, name: 'Same name' });
    expect(await patch(900_012, 1, { genres: ['b'] })).toMatchObject({ id: 900_012, version: 2 });
    expect(await patch(900_012, 2, { name: 'Own name' })).toMatchObject({ id: 900_012, version: 3 });
    expect(await hold('Same name')).toMatchObject({ id: 900_011 });
    expect(await hold('Own name')).toMatchObject({ id: 900_012 });
    expect(await endOf(patch(900_012, 3, { name: 'Same name' }))).toBe('Conflict');
  });

  test('take the name over when its holder is renamed, by a write or by an import', async () => {
    await upsert({ id: 900_021, name: 'Left' }, { id: 900_022, name: 'Left' }, { id: 900_023, name: 'Left' });
    await patch(900_021, 1, { name: 'Gone left' });
    expect(await hold('Left', newStep(), 1)).toMatchObject({ id: 900_022 });
    await upsert({ id: 900_022, name: 'Gone left too' });
    const before = await count();
    expect(await upsert({ name: 'Left', genres: ['a'] })).toEqual([{ id: 900_023, outcome: 'updated' }]);
    expect(await count()).toBe(before);
    expect(await hold('Left', newStep(), 2)).toMatchObject({ id: 900_023 });
  });
}

export function importContract(opened: () => BandStore): void {
  const { get, upsert, create, hold, holdId, undo, pin, patch, made, deleted, count, named, retire, remove, unheld } =
    asking(opened);

  test('makes what it finds stay, whoever takes back what', async () => {
    const [first, second] = [newStep(), newStep()];
    const same = taken(await create('Found unchanged', first));
    const changed = taken(await create('Found changed', second));
    expect(await upsert({ name: 'Found unchanged' }, { name: 'Found changed', genres: ['a'] })).toEqual([
      { id: same.id, outcome: 'unchanged' },
      { id: changed.id, outcome: 'updated' },
    ]);
    expect(await undo('Found unchanged', first)).toEqual({ live: true });
    expect(await undo('Found changed', second)).toEqual({ live: true });
    expect(await patch(same.id, 1, {})).toMatchObject({ version: 2 });
    expect(await patch(changed.id, 2, {})).toMatchObject({ version: 3 });
    expect(await unheld(same.id)).toEqual({});
  });

  test('makes what was deleted live again under its id, with the next version', async () => {
    const [byName, byId] = [await made('Back by name'), await made('Back by id')];
    await deleted(byName, 1);
    await deleted(byId, 1);
    const before = await count();
    expect(await upsert({ name: 'back BY name' }, { id: byId, name: 'Back by id', genres: ['a'] })).toEqual([
      { id: byName, outcome: 'created' },
      { id: byId, outcome: 'created' },
    ]);
    expect(await get(byName)).toMatchObject({ name: 'back BY name', version: 3 });
    expect(await get(byId)).toMatchObject({ genres: ['a'], version: 3 });
    expect(await count()).toBe(before + 2);
    expect(await hold('Back by name')).toEqual({ repeat: { generation: 1 } });
    expect(await patch(byName, 3, {})).toMatchObject({ version: 4 });
  });

  test('fills the place of a fence, which keeps away what it kept away', async () => {
    const [first, second] = [newStep(), newStep()];
    await undo('Fence without id', first);
    await undo('Fence with id', second);
    const [filled] = await upsert({ name: 'Fence without id' }, { id: 910_001, name: 'Fence with id' });
    expect(filled).toMatchObject({ outcome: 'created' });
    expect(await get(filled?.id ?? 0)).toMatchObject({ version: 1 });
    expect(await get(910_001)).toMatchObject({ version: 1 });
    expect(await endOf(create('Fence without id', first))).toBe('Cancelled');
    expect(await endOf(create('Fence with id', second))).toBe('Cancelled');
    expect(await hold('Fence with id')).toMatchObject({ id: 910_001, held: false });
  });

  test('with an id of its own takes the name of what was deleted, which is its twin when it comes back', async () => {
    const id = await made('Name of another');
    await deleted(id, 1);
    expect(await upsert({ id: 910_011, name: 'Name of another' }, { id, name: 'Name of another' })).toEqual([
      { id: 910_011, outcome: 'created' },
      { id, outcome: 'created', keyHolder: 910_011 },
    ]);
    expect(await get(id)).toMatchObject({ version: 3 });
    expect(await hold('Name of another', newStep(), 1)).toMatchObject({ id: 910_011 });
  });

  test('that gives a band another name leaves nothing under which it is made a second time, or held for ever', async () => {
    const [making, holding] = [newStep(), newStep()];
    const { id } = taken(await create('Imported old', making));
    await pin(id, making);
    await holdId(id, holding, true);
    await upsert({ id, name: 'Imported new' });
    const before = await count();
    expect(await create('Imported old', making)).toEqual({ repeat: { generation: 1 } });
    expect(await undo('Imported old', holding)).toEqual({ live: false });
    expect(await endOf(holdId(id, holding, true))).toBe('Cancelled');
    expect(await count()).toBe(before);
    const deleting = newStep();
    await retire(id, 2, deleting);
    expect(await remove(id, 2, deleting)).toEqual({ version: 3 });
    expect(await named('imported')).toEqual([]);
  });

  test('of many rows minds what was deleted, fenced and held among them', async () => {
    const rows = Array.from({ length: 60 }, (_, index) => ({ name: `Mixed ${index}.` }));
    const ids = (await upsert(...rows.slice(0, 20))).map(({ id }) => id);
    for (const id of ids.slice(0, 10)) await deleted(id, 1);
    for (const { name } of rows.slice(20, 30)) await undo(name, newStep());
    for (const { name } of rows.slice(30, 40)) await create(name);
    const before = await count();
    const outcomes = await upsert(...rows, ...rows);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      ...Array(10).fill('created'),
      ...Array(10).fill('unchanged'),
      ...Array(10).fill('created'),
      ...Array(10).fill('unchanged'),
      ...Array(20).fill('created'),
      ...Array(60).fill('unchanged'),
    ]);
    expect(await count()).toBe(before + 40);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(60);
  });
}
