import { spawnSync } from 'node:child_process';
import { stdout } from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { readStateMachines } from '../src/simulator/read-state-machines.js';
import { Simulator } from '../src/simulator/simulator.js';
import { protections } from '../src/simulator/without.js';

const SEEDS = 300;
/** Without any one protection, something goes wrong within so many. */
const SEEDS_WITHOUT = 1_000;
const TIMEOUT_MS = 300_000;

const stateMachines = readStateMachines(new URL('../../../apps/orchestrator/state-machines/', import.meta.url));

/** The first seed that breaks a promise. */
async function firstFailing(simulator: Simulator, seeds: number) {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulator.runSeed(seed);
    if (result.violations.length > 0) return result;
  }
  return undefined;
}

test(
  `${SEEDS} seeds: whatever goes wrong, every execution ends with all or nothing`,
  async () => {
    const failing = await firstFailing(new Simulator(stateMachines), SEEDS);
    expect(failing && { seed: failing.seed, violations: failing.violations }).toBeUndefined();
  },
  TIMEOUT_MS,
);

describe('the checker notices when there is no', () => {
  test.each(protections)(
    '%s',
    async (protection) => {
      const failing = await firstFailing(new Simulator(stateMachines, protection), SEEDS_WITHOUT);
      expect(failing).toBeDefined();
      stdout.write(`without ${protection}: seed ${failing?.seed}\n`);
    },
    TIMEOUT_MS,
  );
});

describe('a seed', () => {
  test('is the same run every time, line by line', async () => {
    const [first, second] = await Promise.all([new Simulator(stateMachines).runSeed(7), new Simulator(stateMachines).runSeed(7)]);
    expect(first.trace.length).toBeGreaterThan(50);
    expect(first.trace).toEqual(second.trace);
    expect(first.traceHash).toBe(second.traceHash);
  });

  test('is another run than any other seed', async () => {
    const simulator = new Simulator(stateMachines);
    const hashes = await Promise.all([1, 2, 3, 4, 5].map(async (seed) => (await simulator.runSeed(seed)).traceHash));
    expect(new Set(hashes).size).toBe(5);
  });

  test('that fails is made smaller, and still fails', async () => {
    const simulator = new Simulator(stateMachines, 'pivot');
    const failing = await firstFailing(simulator, SEEDS_WITHOUT);
    if (!failing) throw new Error('nothing fails');
    const shrunk = await simulator.shrunk(failing);
    expect(shrunk.violations.length).toBeGreaterThan(0);
    expect(shrunk.faults.length).toBeLessThan(failing.faults.length);
    expect(shrunk.requests.length).toBeLessThan(failing.requests.length);
  });
});

describe('npm run simulate', () => {
  const simulate = (...options: string[]) => {
    const {
      status,
      stdout: told,
      stderr,
    } = spawnSync(process.execPath, ['dist/scripts/simulate.js', ...options], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    return { status, told, stderr };
  };

  test(
    'ends with 0 when nothing goes wrong, and tells how much it did',
    () => {
      const { status, told } = simulate('--seeds', '20', '--from', '3');
      expect(status).toBe(0);
      expect(told).toMatch(/^seeds +20, from 3 on$/m);
      for (const figure of ['executions', 'events', 'crashes']) expect(told).toMatch(new RegExp(`^${figure} +[1-9]`, 'm'));
      expect(told).toMatch(/^violations +0$/m);
    },
    TIMEOUT_MS,
  );

  test(
    'ends with 1 when something does, and shows the smallest run that it finds and how to see it again',
    () => {
      const { status, told } = simulate('--seeds', '10', '--without', 'pivot');
      expect(status).toBe(1);
      expect(told).toMatch(/^violations +\d+ in \d+ seeds$/m);
      expect(told).toMatch(/It fails with \d+ of \d+ requests and \d+ of \d+ faults/);
      expect(told).toMatch(/npm run simulate -- --seed \d+ --without pivot/);
    },
    TIMEOUT_MS,
  );

  test(
    'replays a seed bit for bit',
    () => {
      const [first, second] = [simulate('--seed', '5'), simulate('--seed', '5')];
      expect(first.status).toBe(0);
      expect(first.told).toMatch(/^trace +sha256 [0-9a-f]{64}$/m);
      expect(first.told).toBe(second.told);
    },
    TIMEOUT_MS,
  );

  test.each([
    [['--without', 'luck'], /--without is one of fence, step-keys, .*last-step-keys, index-version, .*store-id, not luck/],
    [['--seeds', 'many'], /--seeds is a whole number from 1 to \d+, not many/],
    [['--seeds', '0'], /--seeds is a whole number from 1/],
    [['--from', '-1'], /--from/],
    [['--seed', '1', '--seeds', '2'], /--seed goes with neither --seeds nor --from/],
    [['--speed', '9'], /--speed/],
    [['7'], /7/],
  ])(
    'ends with 2 for %j, and says what is allowed',
    (options, sentence) => {
      const { status, stderr } = simulate(...options);
      expect(stderr).toMatch(sentence);
      expect(status).toBe(2);
    },
    TIMEOUT_MS,
  );
});
