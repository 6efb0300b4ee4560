import { expect, test } from '@jest/globals';
import { attack, callMeanwhile, heldBytes, MAX_MEMORY_GROWTH_BYTES, startEchoServer } from '../bench/hostile-frames.js';

/** `bench/hostile-frames.ts` sends 100,000; these are enough to meet every kind of frame some hundred times. */
const HOSTILE_FRAMES = 5_000;
const SEED = 20_627;
const TEST_TIMEOUT_MS = 120_000;

test(
  'hostile frames neither stop the server nor disturb the calls of others nor stay in memory',
  async () => {
    const { port, close } = await startEchoServer();
    try {
      await attack(port, HOSTILE_FRAMES / 10, SEED + 1); // what is loaded and compiled on first use is not counted
      const heldBefore = heldBytes();
      let isOver = false;
      const [calls] = await Promise.all([
        callMeanwhile(port, () => isOver),
        attack(port, HOSTILE_FRAMES, SEED).finally(() => {
          isOver = true;
        }),
      ]);
      expect(calls.length).toBeGreaterThan(0);
      expect(heldBytes() - heldBefore).toBeLessThan(MAX_MEMORY_GROWTH_BYTES);
      expect(Object.prototype).not.toHaveProperty('polluted');
    } finally {
      await close();
    }
  },
  TEST_TIMEOUT_MS,
);
