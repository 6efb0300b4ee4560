import { expect, test } from '@jest/globals';
import type { BandStore } from '../src/index.js';
import { asking, taken } from './bands-under-sagas.js';
import { past, soon } from './place.js';
import { endOf, newStep } from './step-keys.js';

export function createContract(opened: () => BandStore): void {
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

export function holdContract(opened: () => BandStore): void {
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

export function generationContract(opened: () => BandStore): void {
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

export function concurrencyContract(opened: () => BandStore): void {
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
