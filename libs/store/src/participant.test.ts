import { describe, expect, test } from '@jest/globals';
import { MAX_VERSION } from '#contracts';
import { change, type Entity, MAX_LAST_STEPS, MAX_STEPS_KEPT, PINNED, take, undo } from './participant.js';

const MINUTE_MS = 60_000;
const NOW = 1_000_000_000_000;

const band: Entity = { id: 7, key: 'a', twin: false, version: 1, fields: {}, saga: PINNED };
const value = { key: 'a', fields: { name: 'A' } };

const withSaga = (saga: Partial<Entity['saga']>, entity: Partial<Entity> = {}): Entity => ({
  ...band,
  ...entity,
  saga: { ...PINNED, ...saga },
});

const numbered = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** What a decision makes of the one entity that it writes. */
const writtenBy = ({ writes }: { writes: readonly unknown[] }): Entity => Object(writes[0]);

/** @returns the entity as it is answered */
function patch(found: Entity, stepKey: string, now: number): Entity {
  const restated = ({ key, fields }: Entity) => ({ key, fields });
  const step = { id: found.id, stepKey, expectedVersion: found.version };
  return change(found, step, { restated, holder: undefined }, now).answer(0);
}

const overloaded = expect.objectContaining({ code: 'Overloaded' });

describe('an entity remembers which step made its last versions', () => {
  test('of the last 64 always, of more while they are younger than ten minutes', () => {
    let found = band;
    for (let index = 0; index < 100; index++) found = patch(found, `old ${index}`, NOW);
    expect(found.saga.lastSteps).toHaveLength(100);
    found = patch(found, 'later', NOW + 11 * MINUTE_MS);
    expect(found.saga.lastSteps).toHaveLength(64);
    expect(found.saga.lastSteps.at(-1)).toMatchObject({ version: 102, stepKey: 'later' });
  });

  test('of 1,024 at most: then a write is refused until some are older, but an undo never', () => {
    let found = band;
    for (let index = 0; index < MAX_LAST_STEPS; index++) found = patch(found, `step ${index}`, NOW);
    expect(() => patch(found, 'one more', NOW + MINUTE_MS)).toThrow(overloaded);
    expect(patch(found, 'one more', NOW + 11 * MINUTE_MS)).toMatchObject({ version: found.version + 1 });
    const unfinished = { ...found, saga: { ...found.saga, pinned: false, holders: ['own'] } };
    const undone = undo(unfinished, { stepKey: 'own' }, 'a', NOW + MINUTE_MS);
    expect(writtenBy(undone)).toMatchObject({ version: found.version + 1, saga: { deleted: true } });
    expect(() => take(writtenBy(undone), { stepKey: 'next', generation: 1 }, value, NOW + MINUTE_MS)).toThrow(overloaded);
  });
});

describe('an entity remembers which steps were undone', () => {
  const released = (count: number, at: number) => numbered(count, (index) => ({ stepKey: `undone ${index}`, at }));

  test('for an hour, which is longer than any message can be on its way', () => {
    const found = withSaga({ pinned: false, holders: ['other'], released: released(3, NOW) });
    const hourLater = writtenBy(undo(found, { stepKey: 'own' }, 'a', NOW + 60 * MINUTE_MS));
    expect(hourLater.saga.released).toEqual([{ stepKey: 'own', at: NOW + 60 * MINUTE_MS }]);
    const before = writtenBy(undo(found, { stepKey: 'own' }, 'a', NOW + 59 * MINUTE_MS));
    expect(before.saga.released).toHaveLength(4);
  });

  test('1,000 of them: then a create or a hold is refused for a while, but an undo never', () => {
    const full = { pinned: false, released: released(MAX_STEPS_KEPT, NOW) };
    const live = withSaga({ ...full, holders: ['other'] });
    const gone = withSaga({ ...full, deleted: true });
    expect(() => take(live, { stepKey: 'own' }, value, NOW)).toThrow(overloaded);
    expect(() => take(gone, { stepKey: 'own' }, value, NOW)).toThrow(overloaded);
    expect(take(live, { stepKey: 'own' }, value, NOW + 61 * MINUTE_MS).writes).toHaveLength(1);
    expect(writtenBy(undo(live, { stepKey: 'own' }, 'a', NOW)).saga.released).toHaveLength(MAX_STEPS_KEPT + 1);
  });
});

test('1,000 steps at most hold an entity at once', () => {
  const found = withSaga({ pinned: false, holders: numbered(MAX_STEPS_KEPT, (index) => `holder ${index}`) });
  expect(() => take(found, { stepKey: 'own' }, value, NOW)).toThrow(overloaded);
  expect(take(found, { stepKey: 'holder 3' }, value, NOW).writes).toEqual([]);
});

test('no version passes the last that there can be', () => {
  const last = patch(withSaga({}, { version: MAX_VERSION - 1 }), 'own', NOW);
  expect(last.version).toBe(MAX_VERSION);
  expect(() => patch(last, 'next', NOW)).toThrow(expect.objectContaining({ code: 'Conflict' }));
});
