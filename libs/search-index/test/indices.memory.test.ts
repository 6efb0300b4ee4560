import { describe, expect, test } from '@jest/globals';
import { type Clock, systemClock } from '#clock';
import { nameOfIndex } from '../src/index-definition.js';
import { MemoryIndices, type WriteProtection } from '../src/simulator/memory-indices.js';
import { liveEntry, NOW, tombstone } from './entries.js';
import { indicesContract } from './indices.contract.js';

const ALIAS = 'concerts';
const NAME = nameOfIndex(ALIAS, 1);
const OVER_A_MINUTE_MS = 60_001;

/** A clock that stands until it is moved. */
function standingClock(): Clock & { pass(ms: number): void } {
  let now = NOW;
  return {
    ...systemClock,
    now: () => now,
    pass: (ms) => {
      now += ms;
    },
  };
}

describe('indices in memory', () => {
  indicesContract(async () => {
    const clock = standingClock();
    const forgetRemoved = async () => clock.pass(OVER_A_MINUTE_MS);
    return { indices: new MemoryIndices(clock), alias: ALIAS, forgetRemoved };
  });
});

describe('what is visible', () => {
  test('it is what searches find behind the alias', async () => {
    const indices = new MemoryIndices(standingClock());
    await indices.create(NAME);
    await indices.write(NAME, [liveEntry(1), tombstone(2, 1)]);
    await indices.refresh(NAME);
    await indices.write(NAME, [liveEntry(3)]);
    expect(indices.visible).toEqual([]);
    await indices.swapTo(NAME);
    expect(indices.visible).toEqual([liveEntry(1), tombstone(2, 1)]);
  });
});

describe('without a protection', () => {
  async function indicesWithout(without: WriteProtection) {
    const clock = standingClock();
    const indices = new MemoryIndices(clock, { without });
    await indices.create(NAME);
    return { clock, indices };
  }

  test('without index-version, the last writer wins', async () => {
    const { indices } = await indicesWithout('index-version');
    await indices.write(NAME, [liveEntry(1, { concert: 5 })]);
    expect(await indices.write(NAME, [liveEntry(1, { concert: 4 })])).toEqual([{ outcome: 'written' }]);
    await indices.refresh(NAME);
    expect(await indices.entriesAfter(NAME, 0, 9)).toMatchObject([{ versions: { concert: 4 } }]);
  });

  test('without tombstone-alias, an older write brings a concert back when its delete is forgotten', async () => {
    const { clock, indices } = await indicesWithout('tombstone-alias');
    await indices.write(NAME, [liveEntry(1), tombstone(1, 2)]);
    expect(await indices.write(NAME, [liveEntry(1)])).toEqual([{ outcome: 'newer' }]);
    await indices.refresh(NAME);
    expect(await indices.entriesAfter(NAME, 0, 9)).toEqual([]);
    clock.pass(OVER_A_MINUTE_MS);
    expect(await indices.write(NAME, [liveEntry(1)])).toEqual([{ outcome: 'written' }]);
  });
});
