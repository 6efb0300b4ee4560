import { describe, expect, test } from '@jest/globals';
import type { Band, BandRow } from '#contracts';
import { type BandStore, openBandStore, openConcertStore, openEventStore, openVenueStore } from '../src/index.js';
import { past, type StoreUnderTest, soon, storeForTests } from './place.js';
import { endOf, newStep } from './step-keys.js';

const HOUR_MS = 3_600_000;

/** What a service owes the sagas that it takes part in. */
export function participantsContract(store: StoreUnderTest): void {
  const opened = storeForTests(store, 'bands', openBandStore);
  describe('a create', () => createContract(opened));
  describe('a hold', () => holdContract(opened));
  describe('a generation', () => generationContract(opened));
  describe('a replace or patch', () => changeContract(opened));
  describe('another name', () => renameContract(opened));
  describe('a delete', () => deleteContract(opened));
  describe('twins', () => twinsContract(opened));
  describe('an import', () => importContract(opened));
  describe('many at once', () => concurrencyContract(opened));
  describe('every kind of record', () => kindsContract(store));
}

/** What the tests ask of the bands. */
function asking(opened: () => BandStore) {
  const get = async (id: number): Promise<Band | undefined> => (await opened().byIds([id], soon()))[0];
  const create = (name: string, step = newStep(), generation = 0) =>
    opened().steps.create({ stepKey: step, row: { name }, generation }, soon());
  const hold = (name: string, step = newStep(), generation = 0) =>
    opened().steps.hold({ stepKey: step, part: { row: { name } }, generation }, soon());
  const holdId = (id: number, step = newStep(), evenPinned = false) =>
    opened().steps.hold({ stepKey: step, part: { id }, generation: 0, evenPinned }, soon());
  const undo = (name: string, step: string) => opened().steps.undo({ stepKey: step, part: { row: { name } } }, soon());
  const undoId = (id: number, step: string, evenPinned = false) =>
    opened().steps.undo({ stepKey: step, part: { id }, evenPinned }, soon());
  const pin = (id: number, step: string) => opened().steps.pin({ stepKey: step, id }, soon());
  const patch = (id: number, expectedVersion: number, fields: Record<string, unknown>, step = newStep()) =>
    opened().steps.patch({ stepKey: step, id, expectedVersion, patch: fields }, soon());
  const replace = (id: number, expectedVersion: number, row: { name: string; genres?: string[] }, step = newStep()) =>
    opened().steps.replace({ stepKey: step, id, expectedVersion, row }, soon());
  const retire = (id: number, expectedVersion: number, step: string) =>
    opened().steps.retire({ stepKey: step, id, expectedVersion, evenHeld: true }, soon());
  const unretire = (id: number, step: string) => opened().steps.unretire({ stepKey: step, id }, soon());
  const remove = (id: number, expectedVersion: number, step: string) =>
    opened().steps.delete({ stepKey: step, id, expectedVersion }, soon());
  const check = (id: number) => opened().steps.check({ id }, soon());
  const unheld = (id: number) => opened().steps.unheld({ id }, soon());
  const upsert = (...rows: BandRow[]) => opened().upsert(rows, soon());
  const count = () => opened().count(soon());
  const named = async (name: string) => (await opened().list({ name, limit: 100 }, soon())).map(({ id }) => id);

  /** A band that some execution has made for good. */
  async function made(name: string): Promise<number> {
    const step = newStep();
    const { id } = taken(await create(name, step));
    await pin(id, step);
    return id;
  }
  async function deleted(id: number, version: number): Promise<void> {
    const step = newStep();
    await retire(id, version, step);
    await remove(id, version, step);
  }
  const calls = { get, create, hold, holdId, undo, undoId, pin, patch, replace, retire, unretire, remove, check, unheld };
  return { ...calls, upsert, count, named, made, deleted };
}

function taken<T extends object>(answer: T): Exclude<T, { repeat: object }> & { id: number; version: number } {
  if (!('id' in answer)) throw new Error(`an entity was expected, not ${JSON.stringify(answer)}`);
  return answer as Exclude<T, { repeat: object }> & { id: number; version: number };
}

function createContract(opened: () => BandStore): void {
  const { get, create, undo, pin, patch, count, named, hold, made } = asking(opened);

  test('makes a band that is there at once, and its repeat is the same', async () => {
    const step = newStep();
    const before = await count();
    const answer = taken(await create('Created', step));
    expect(answer).toEqual({ id: answer.id, version: 1, created: true, held: true });
    expect(await create('CREATED', step)).toEqual(answer);
    expect(await get(answer.id)).toEqual({
      id: answer.id,
      name: 'Created',
      genres: [],
      aliases: [],
      externalIds: [],
      version: 1,
    });
    expect(await named('created')).toEqual([answer.id]);
    expect(await count()).toBe(before + 1);
  });

  test('is taken back by its undo, which may come twice, and nothing that reads comes across it any more', async () => {
    const step = newStep();
    const before = await count();
    const { id } = taken(await create('Taken back', step));
    expect(await undo('Taken back', step)).toEqual({ live: false });
    expect(await undo('Taken back', step)).toEqual({ live: false });
    expect(await get(id)).toBeUndefined();
    expect(await named('taken back')).toEqual([]);
    expect(await count()).toBe(before);
  });

  test('that comes behind its undo is Cancelled and makes nothing', async () => {
    const step = newStep();
    const before = await count();
    expect(await undo('Late', step)).toEqual({ live: false });
    expect(await endOf(create('Late', step))).toBe('Cancelled');
    expect(await endOf(hold('Late', step))).toBe('Cancelled');
    expect(await count()).toBe(before);
    expect(await named('late')).toEqual([]);
  });

  test('of another execution makes it where only the fence of an undo is', async () => {
    await undo('Fenced', newStep());
    const before = await count();
    const { id } = taken(await create('Fenced'));
    expect(await get(id)).toMatchObject({ name: 'Fenced', version: 1 });
    expect(await count()).toBe(before + 1);
  });

  test('of what another made is a Conflict that names it, pinned or not', async () => {
    const step = newStep();
    const { id } = taken(await create('Mine', step));
    const conflict = { code: 'Conflict', detail: expect.stringContaining(`id ${id}`) };
    await expect(create('mine')).rejects.toMatchObject(conflict);
    await pin(id, step);
    await expect(create('mine')).rejects.toMatchObject(conflict);
  });

  test('whose undo comes behind its pin stays', async () => {
    const step = newStep();
    const { id } = taken(await create('Pinned', step));
    await pin(id, step);
    expect(await undo('Pinned', step)).toEqual({ live: true });
    expect(await create('Pinned', step)).toEqual({ id, version: 1, created: true, held: false });
    expect(await patch(id, 1, { genres: ['a'] })).toMatchObject({ version: 2 });
  });

  test('cannot be changed or deleted before it is pinned, but is seen', async () => {
    const { id } = taken(await create('Not yet'));
    const { steps } = opened();
    expect(await endOf(patch(id, 1, { genres: ['a'] }))).toBe('Conflict');
    expect(await endOf(steps.retire({ id, expectedVersion: 1, stepKey: newStep() }, soon()))).toBe('Conflict');
    expect(await endOf(steps.delete({ id, expectedVersion: 1, stepKey: newStep() }, soon()))).toBe('Conflict');
    expect(await get(id)).toMatchObject({ version: 1 });
    expect(await steps.check({ id }, soon())).toMatchObject({ id, version: 1 });
  });

  test('that is late is Timeout, and makes nothing', async () => {
    const create = opened().steps.create({ stepKey: newStep(), row: { name: 'Too late' } }, past);
    expect(await endOf(create)).toBe('Timeout');
    expect(await named('too late')).toEqual([]);
  });

  test('goes with its undo and its pin in every order, each up to four times', async () => {
    const other = await made('Another');
    for (const [index, messages] of sequences(['create', 'undo', 'pin'] as const, 4).entries()) {
      const name = `Order ${index}.`;
      const step = newStep();
      let state: MessageState = 'nothing';
      for (const message of messages) {
        const [id = other] = await named(name);
        const calls = { create: () => create(name, step), undo: () => undo(name, step), pin: () => pin(id, step) };
        const end = await endOf<object>(calls[message]());
        expect({ messages, end }).toEqual({ messages, end: endsOf[message](state) });
        state = nextState[message](state);
        expect({ messages, live: await named(name) }).toEqual({
          messages,
          live: Array(Number(isLive(state))).fill(expect.any(Number)),
        });
      }
    }
  }, 120_000);
}

type MessageState = 'nothing' | 'held' | 'pinned' | 'undone';

const isLive = (state: MessageState): boolean => state === 'held' || state === 'pinned';

const nextState = {
  create: (state: MessageState): MessageState => (state === 'nothing' ? 'held' : state),
  undo: (state: MessageState): MessageState => (state === 'pinned' ? state : 'undone'),
  pin: (state: MessageState): MessageState => (state === 'held' ? 'pinned' : state),
};

const endsOf = {
  create: (state: MessageState) => (state === 'undone' ? 'Cancelled' : expect.objectContaining({ version: 1, created: true })),
  undo: (state: MessageState) => ({ live: state === 'pinned' }),
  pin: () => ({}),
};

function sequences<T>(items: readonly T[], length: number): T[][] {
  if (length === 0) return [[]];
  return sequences(items, length - 1).flatMap((rest) => items.map((item) => [...rest, item]));
}

function holdContract(opened: () => BandStore): void {
  const { get, create, hold, holdId, undo, undoId, pin, patch, retire, remove, unretire, unheld, check, made, deleted, named } =
    asking(opened);

  test('by name finds what is there, and makes it where nothing is', async () => {
    const step = newStep();
    const answer = taken(await hold('Held', step));
    expect(answer).toEqual({ id: answer.id, version: 1, created: true, held: true });
    expect(await hold('Held', step)).toEqual(answer);
    expect(await hold('held')).toEqual({ id: answer.id, version: 1, created: false, held: true });
    const pinned = await made('Held and pinned');
    expect(await hold('Held and pinned')).toEqual({ id: pinned, version: 1, created: false, held: false });
  });

  test('keeps what another execution made and takes back', async () => {
    const [first, second] = [newStep(), newStep()];
    const { id } = taken(await create('Shared', first));
    await hold('Shared', second);
    expect(await undo('Shared', first)).toEqual({ live: true });
    expect(await endOf(create('Shared', first))).toBe('Cancelled');
    expect(await get(id)).toMatchObject({ version: 1 });
    await pin(id, second);
    expect(await undo('Shared', second)).toEqual({ live: true });
    expect(await patch(id, 1, { genres: ['a'] })).toMatchObject({ version: 2 });
  });

  test('and its undo leave nothing when all who share it fail', async () => {
    const [first, second] = [newStep(), newStep()];
    const { id } = taken(await hold('Failing', first));
    await holdId(id, second);
    expect(await undo('Failing', first)).toEqual({ live: true });
    expect(await undoId(id, second)).toEqual({ live: false });
    expect(await get(id)).toBeUndefined();
  });

  test('is over when another pins it, but its undo lets it go', async () => {
    const [first, second] = [newStep(), newStep()];
    const { id } = taken(await hold('Both', first));
    await hold('Both', second);
    await pin(id, first);
    expect(await endOf(unheld(id))).toBe('Unavailable');
    expect(await undo('Both', second)).toEqual({ live: true });
    expect(await unheld(id)).toEqual({});
  });

  test('by id of what is not there is NotFound, and leaves nothing behind', async () => {
    expect(await endOf(holdId(4_000_000_000))).toBe('NotFound');
    expect(await undoId(4_000_000_000, newStep())).toEqual({ live: false });
    const id = await made('Gone');
    await deleted(id, 1);
    expect(await endOf(holdId(id))).toBe('NotFound');
    expect(await endOf(check(id))).toBe('NotFound');
  });

  test('by id that comes behind its undo is Cancelled', async () => {
    const [first, second] = [newStep(), newStep()];
    const { id } = taken(await create('By id', first));
    expect(await undoId(id, second)).toEqual({ live: true });
    expect(await endOf(holdId(id, second))).toBe('Cancelled');
    expect(await undo('By id', first)).toEqual({ live: false });
  });

  test('of what is pinned holds only where it is told to, and then a delete has to wait', async () => {
    const id = await made('Even pinned');
    const [holding, deleting] = [newStep(), newStep()];
    expect(await holdId(id)).toMatchObject({ held: false });
    expect(await holdId(id, holding, true)).toEqual({ id, version: 1, created: false, held: true });
    expect(await patch(id, 1, { genres: ['a'] })).toMatchObject({ version: 2 });
    await retire(id, 2, deleting);
    expect(await endOf(unheld(id))).toBe('Unavailable');
    expect(await endOf(remove(id, 2, deleting))).toBe('Conflict');
    expect(await undoId(id, holding, true)).toEqual({ live: true });
    expect(await endOf(holdId(id, holding, true))).toBe('Cancelled');
    expect(await unheld(id)).toEqual({});
    expect(await remove(id, 2, deleting)).toEqual({ version: 3 });
  });

  test('that comes once more behind its pin holds nothing for ever', async () => {
    const id = await made('Held for good');
    const step = newStep();
    await holdId(id, step, true);
    await pin(id, step);
    await pin(id, step);
    expect(await endOf(holdId(id, step, true))).toBe('Cancelled');
    expect(await unheld(id)).toEqual({});
  });

  test('of what is about to be deleted is a Conflict, by id and by name, even when it is pinned', async () => {
    const id = await made('Leaving');
    const step = newStep();
    await retire(id, 1, step);
    expect(await endOf(holdId(id))).toBe('Conflict');
    expect(await endOf(holdId(id, newStep(), true))).toBe('Conflict');
    expect(await endOf(hold('Leaving'))).toBe('Conflict');
    expect(await endOf(check(id))).toBe('Conflict');
    await unretire(id, step);
    expect(await hold('Leaving')).toMatchObject({ id });
    expect(await check(id)).toMatchObject({ id, name: 'Leaving', version: 1 });
    expect(await named('leaving')).toEqual([id]);
  });

  test('is relied on only while it lasts: what was made again by a write that has not ended is a Conflict to a check', async () => {
    const id = await made('Made again');
    const relying = newStep();
    expect(await opened().steps.check({ id, stepKey: relying }, soon())).toMatchObject({ id });
    await deleted(id, 1);
    const maker = newStep();
    await hold('Made again', maker, 1);
    expect(await check(id)).toMatchObject({ id });
    expect(await endOf(opened().steps.check({ id, stepKey: relying }, soon()))).toBe('Conflict');
    expect(await opened().steps.check({ id, stepKey: maker }, soon())).toMatchObject({ id });
    await pin(id, maker);
    expect(await opened().steps.check({ id, stepKey: relying }, soon())).toMatchObject({ id });
  });

  test('is not ended by the pin of another execution', async () => {
    const [first, second] = [newStep(), newStep()];
    const { id } = taken(await hold('Not mine', first));
    expect(await pin(id, second)).toEqual({});
    expect(await undo('Not mine', first)).toEqual({ live: false });
    expect(await pin(id, first)).toEqual({});
    expect(await get(id)).toBeUndefined();
  });
}

function generationContract(opened: () => BandStore): void {
  const { get, create, hold, made, deleted, undo, pin, named } = asking(opened);

  test('is counted up by every delete; a create of an older one changes nothing and is told the number', async () => {
    const step = newStep();
    const { id } = taken(await create('Again', step));
    await pin(id, step);
    await deleted(id, 1);
    expect(await create('Again', step)).toEqual({ repeat: { generation: 1 } });
    expect(await hold('Again')).toEqual({ repeat: { generation: 1 } });
    expect(await named('again')).toEqual([]);
  });

  test('lets a create go on with the same id and the next version', async () => {
    const id = await made('Revived');
    await deleted(id, 1);
    const step = newStep();
    expect(await create('Revived', step, 1)).toEqual({ id, version: 3, created: true, held: true });
    expect(await create('Revived', step, 1)).toEqual({ id, version: 3, created: true, held: true });
    expect(await undo('Revived', step)).toEqual({ live: false });
    expect(await create('Revived', newStep(), 1)).toEqual({ repeat: { generation: 2 } });
    expect(await hold('Revived', newStep(), 2)).toMatchObject({ id, version: 5 });
    expect(await get(id)).toMatchObject({ name: 'Revived', version: 5 });
  });

  test('that nothing has is answered with 0', async () => {
    expect(await create('Never was', newStep(), 3)).toEqual({ repeat: { generation: 0 } });
    expect(await named('never was')).toEqual([]);
  });

  test('must be named to hold by id: a late hold of an id that nothing had must not hold what has it then', async () => {
    const { id } = taken(await create('By its id'));
    const { steps } = opened();
    const holding = { stepKey: newStep(), part: { id } };
    expect(await steps.hold(holding, soon())).toEqual({ repeat: { generation: 0 } });
    expect(await steps.hold({ ...holding, generation: 0 }, soon())).toEqual({ id, version: 1, created: false, held: true });
  });

  test('is asked of what is live too', async () => {
    const id = await made('Live again');
    await deleted(id, 1);
    await create('Live again', newStep(), 1);
    expect(await hold('Live again')).toEqual({ repeat: { generation: 1 } });
    expect(await hold('Live again', newStep(), 1)).toMatchObject({ id, held: true });
  });
}

function changeContract(opened: () => BandStore): void {
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

function renameContract(opened: () => BandStore): void {
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

function deleteContract(opened: () => BandStore): void {
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

  test('of another version is PreconditionFailed, of what is not there NotFound', async () => {
    const id = await made('Deleted too late');
    await patch(id, 1, {});
    expect(await endOf(retire(id, 1, newStep()))).toBe('PreconditionFailed');
    expect(await endOf(retire(4_000_000_000, 1, newStep()))).toBe('NotFound');
    expect(await endOf(remove(4_000_000_000, 1, newStep()))).toBe('NotFound');
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

function twinsContract(opened: () => BandStore): void {
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

function importContract(opened: () => BandStore): void {
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

function concurrencyContract(opened: () => BandStore): void {
  const { get, hold, create, undo, patch, made, count, named, retire, undoId } = asking(opened);

  test('fifty holds of one name make one band, which stays until the last is taken back', async () => {
    const steps = Array.from({ length: 50 }, () => newStep());
    const answers = (await Promise.all(steps.map((step) => hold('Fifty', step)))).map(taken);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    const [last = '', ...others] = steps;
    const ends = await Promise.all(others.map((step) => undo('Fifty', step)));
    expect(ends).toEqual(others.map(() => ({ live: true })));
    expect(await undo('Fifty', last)).toEqual({ live: false });
    expect(await get(answers[0]?.id ?? 0)).toBeUndefined();
  }, 60_000);

  test('of twenty creates that must be new one is done, and the others are a Conflict', async () => {
    const before = await count();
    const ends = await Promise.all(Array.from({ length: 20 }, () => endOf(create('New once'))));
    expect(ends.filter((end) => end === 'Conflict')).toHaveLength(19);
    expect(await named('new once')).toHaveLength(1);
    expect(await count()).toBe(before + 1);
  });

  test('of twenty patches of one version one is done', async () => {
    const id = await made('Patched once');
    const ends = await Promise.all(Array.from({ length: 20 }, (_, index) => endOf(patch(id, 1, { genres: [`${index}`] }))));
    expect(ends.filter((end) => end === 'PreconditionFailed')).toHaveLength(19);
    expect(await get(id)).toMatchObject({ version: 2 });
  });

  test('of ten bands that are given one name one has it', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => made(`Runner ${index}.`)));
    const ends = await Promise.all(ids.map((id) => endOf(patch(id, 1, { name: 'The winner' }))));
    expect(ends.filter((end) => end === 'Conflict')).toHaveLength(9);
    expect(await named('the winner')).toHaveLength(1);
  });

  test('a delete and holds: either it is held, or it is about to be deleted', async () => {
    const id = await made('Raced');
    const steps = Array.from({ length: 10 }, () => newStep());
    const { steps: calls } = opened();
    const holding = steps.map((stepKey) => endOf(calls.hold({ stepKey, part: { id }, generation: 0, evenPinned: true }, soon())));
    const [retired, ...ends] = await Promise.all([endOf(retire(id, 1, newStep())), ...holding]);
    expect(retired).toEqual({});
    const held = steps.filter((_, index) => ends[index] !== 'Conflict');
    expect(await endOf(calls.unheld({ id }, soon()))).toEqual(held.length > 0 ? 'Unavailable' : {});
    for (const step of held) await undoId(id, step, true);
    expect(await calls.unheld({ id }, soon())).toEqual({});
  });
}

function kindsContract(store: StoreUnderTest): void {
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
