import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { attack, MAX_MEMORY_GROWTH_BYTES, residentBytes } from '../bench/hostile-http.js';
import { ProcessSystem } from '../bench/support/process-system.js';

/** `bench/hostile-http.ts` sends 20,000; these are enough to meet every kind of request some dozens of times. */
const HOSTILE_REQUESTS = 1_500;
const SEED = 20_627;
const TEST_TIMEOUT_MS = 120_000;

let system: ProcessSystem;

beforeAll(async () => {
  system = await ProcessSystem.start();
  await system.load({ seed: 1, concerts: 500 });
}, TEST_TIMEOUT_MS);

afterAll(() => system.close(), TEST_TIMEOUT_MS);

test(
  'hostile requests are answered, with a problem document where they are refused, and none with a fault of the server',
  async () => {
    const gateway = system.process('concerts-gateway');
    await attack(system.url, HOSTILE_REQUESTS / 5, SEED + 1); // what is loaded and compiled on first use is not counted
    const before = (await residentBytes(gateway.pid)) ?? 0;
    const { findings, statuses } = await attack(system.url, HOSTILE_REQUESTS, SEED);
    expect(findings).toEqual([]);
    expect(Object.keys(statuses)).toEqual(
      expect.arrayContaining(['200', '400', '404', '405', '413', '414', '415', '417', '431']),
    );
    expect(((await residentBytes(gateway.pid)) ?? 0) - before).toBeLessThan(MAX_MEMORY_GROWTH_BYTES);
    expect(gateway.isRunning).toBe(true);
    expect(gateway.printed).toBe('');
  },
  TEST_TIMEOUT_MS,
);
