import { stdout } from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { IndexSimulator } from '../src/simulator/simulator.js';
import { indexProtections } from '../src/simulator/without.js';

const SEEDS = 300;
/** Without any one protection, something goes wrong within so many. */
const SEEDS_WITHOUT = 1_000;
const TIMEOUT_MS = 600_000;

/** The first seed that breaks a promise. */
async function firstFailing(simulator: IndexSimulator, seeds: number) {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulator.runSeed(seed);
    if (result.violations.length > 0) return result;
  }
  return undefined;
}

test(
  `${SEEDS} seeds: whatever goes wrong, the index comes to have what the services have, and never says so before`,
  async () => {
    const failing = await firstFailing(new IndexSimulator(), SEEDS);
    expect(failing && { seed: failing.seed, violations: failing.violations }).toBeUndefined();
  },
  TIMEOUT_MS,
);

describe('the checker notices when there is no', () => {
  test.each(indexProtections)(
    '%s',
    async (protection) => {
      const failing = await firstFailing(new IndexSimulator(protection), SEEDS_WITHOUT);
      expect(failing).toBeDefined();
      stdout.write(`without ${protection}: seed ${failing?.seed}\n`);
    },
    TIMEOUT_MS,
  );
});

describe('a seed', () => {
  test('is the same run every time, line by line', async () => {
    const [first, second] = await Promise.all([new IndexSimulator().runSeed(7), new IndexSimulator().runSeed(7)]);
    expect(first.trace.length).toBeGreaterThan(20);
    expect(first.trace).toEqual(second.trace);
    expect(first.traceHash).toBe(second.traceHash);
  });

  test('that fails is made smaller, and still fails', async () => {
    const simulator = new IndexSimulator('tombstone-alias');
    const failing = await firstFailing(simulator, SEEDS_WITHOUT);
    if (!failing) throw new Error('nothing fails');
    const shrunk = await simulator.shrunk(failing);
    expect(shrunk.violations.length).toBeGreaterThan(0);
    expect(shrunk.requests.length).toBeLessThan(failing.requests.length);
  });
});
