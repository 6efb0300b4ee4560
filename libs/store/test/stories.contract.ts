import { expect, test } from '@jest/globals';
import { openBandStore } from '../src/index.js';
import { type StoreUnderTest, soon, storeForTests } from './place.js';
import { endOf, newStep } from './step-keys.js';
import { tellStory } from './stories.js';

/** Stories told at once, as a busy service would have it. */
const AT_ONCE = 10;

/** Random stories, and what is true of each when all its executions have ended. */
export function storiesContract(store: StoreUnderTest): void {
  const opened = storeForTests(store, 'bands', openBandStore);
  const count = store.store === 'sqlite' ? 300 : 50;

  async function eachStory(isWild: boolean, look: (story: Awaited<ReturnType<typeof tellStory>>) => Promise<void>) {
    for (let first = 0; first < count; first += AT_ONCE) {
      const seeds = Array.from({ length: AT_ONCE }, (_, index) => 1 + first + index + (isWild ? 10_000 : 0));
      await Promise.all(seeds.map(async (seed) => look(await tellStory(opened(), { seed, isWild }))));
    }
  }

  test(`${count} stories: what an execution pinned is there, and nothing else`, async () => {
    await eachStory(false, async ({ log, live, pinned }) => {
      expect({ log, live: live.map(({ id }) => id).sort() }).toEqual({ log, live: [...pinned].sort() });
    });
  }, 120_000);

  test(`${count} stories with deletes, other names and imports: what is there is whole, and nothing is lost`, async () => {
    await eachStory(true, async ({ log, live, pinned, deleted, ids }) => {
      const there = new Set((await opened().byIds([...ids], soon())).map(({ id }) => id));
      expect({ log, live: new Set(live.map(({ id }) => id)) }).toEqual({ log, live: there });
      for (const id of ids) {
        if (there.has(id)) expect({ log, id, pinned: pinned.has(id) }).toEqual({ log, id, pinned: true });
        if (pinned.has(id) && !deleted.has(id)) expect({ log, id, there: there.has(id) }).toEqual({ log, id, there: true });
      }
      for (const { id, version } of live) {
        expect({ log, id, held: await endOf(opened().steps.unheld({ id }, soon())) }).toEqual({ log, id, held: {} });
        const patched = opened().steps.patch({ id, expectedVersion: version, stepKey: newStep(), patch: {} }, soon());
        expect({ log, patched: await endOf(patched) }).toMatchObject({ log, patched: { id, version: version + 1 } });
      }
    });
    expect(await opened().count(soon())).toBe((await opened().list({ limit: 10_000 }, soon())).length);
  }, 120_000);
}
