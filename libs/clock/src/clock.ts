/** Time, as what runs on its own sees it: real, or that of a simulation. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls once, after so many milliseconds. @returns what takes it back */
  after(delayMs: number, call: () => void): () => void;
}

/** Node takes a longer delay for none at all. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, delayMs), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};

export const sleep = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.after(delayMs, resolve));
