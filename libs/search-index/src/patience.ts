import type { Clock } from '#clock';
import { Fault } from '#problem';
import type { Sizes } from './sizes.js';

/** Pauses between tries: they double, each is drawn from nothing to all of it, so that many who wait do not come back at once. */
const FIRST_PAUSE_MS = 100;
/** Who was away is found again within this. */
const LAST_PAUSE_MS = 2_000;
/** With the pauses between them, a line in about a quarter of a minute. */
const SAID_EVERY = 16;

/** The part of a pino logger that is used here. */
interface IndexLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What an indexer runs on. */
export interface Ground {
  clock: Clock;
  /** From 0 to below 1. */
  random(): number;
  logger: IndexLogger;
  /** Others than `SIZES`. */
  sizes?: Sizes;
}

/** Resolves after a time, or as soon as the signal is aborted. */
export function pause({ clock }: Pick<Ground, 'clock'>, delayMs: number, signal: AbortSignal): Promise<void> {
  return untilAborted(signal, (resolve) => clock.after(delayMs, resolve));
}

/**
 * Resolves when what is begun says so, or as soon as the signal is aborted.
 * @param begin is given what resolves it, and returns what takes back what it began
 */
function untilAborted(signal: AbortSignal, begin: (resolve: () => void) => () => unknown): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const takeBack = begin(end);
  signal.addEventListener('abort', end);
  return promise.finally(() => {
    signal.removeEventListener('abort', end);
    takeBack();
  });
}

/** Tries what may fail for a while for as long as it takes. @throws what is no passing trouble, and when it is told to stop */
export async function untilDone<T>(ground: Ground, what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(ground);
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Who is told to stop has no more to do with it.
      if (isToSay(tries) && !signal.aborted)
        ground.logger.warn({ tries, reason: error.detail }, `${what} failed and is tried again`);
    }
    await backoff.pause(signal);
  }
}

/** Of failures in a row the first says what is wrong, each sixteenth after it that it still is. */
export const isToSay = (failures: number): boolean => failures % SAID_EVERY === 1;

/** Longer and longer pauses. */
export class Backoff {
  #longestMs = FIRST_PAUSE_MS;

  constructor(private readonly ground: Pick<Ground, 'clock' | 'random'>) {}

  async pause(signal: AbortSignal): Promise<void> {
    const longestMs = this.#longestMs;
    this.#longestMs = Math.min(2 * longestMs, LAST_PAUSE_MS);
    await pause(this.ground, this.ground.random() * longestMs, signal);
  }

  /** After something went well. */
  reset(): void {
    this.#longestMs = FIRST_PAUSE_MS;
  }
}

/** Wakes all who wait for it, and nobody who comes later. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves when it rings next, or as soon as the signal is aborted. */
  rung(signal: AbortSignal): Promise<void> {
    return untilAborted(signal, (resolve) => {
      this.#waiting.add(resolve);
      return () => this.#waiting.delete(resolve);
    });
  }
}

/** Anything that a service or the index may say while it is not well; a place that left the feed stays gone. */
const isPassing = (error: unknown): error is Fault =>
  error instanceof Fault && error.code !== 'CursorExpired' && error.code !== 'StoreWentBack';

/** Runs all until the first ends or fails, tells the others to stop, and waits for them. */
export async function untilFirst<T>(signal: AbortSignal, tasks: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<T> {
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const running = tasks.map((task) => task(both));
  try {
    return await Promise.race(running);
  } finally {
    ended.abort();
    await Promise.allSettled(running);
  }
}

/** What a promise comes to, unless the signal is aborted before. @throws its reason then */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = untilAborted(signal, () => () => undefined).then(() => {
    throw signal.reason;
  });
  return Promise.race([work, aborted]);
}
