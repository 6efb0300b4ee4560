import type { ConcertIndices } from './concert-index.js';
import { Bell, type Ground, pause, unlessAborted, untilDone } from './patience.js';

/** At most five times a second: each makes a segment, and those have to be merged. */
const REFRESH_INTERVAL_MS = 200;

/** Makes what was written findable, for all who ask meanwhile at once. */
export class Refresher {
  #waiting: (() => void)[] = [];
  readonly #asked = new Bell();

  constructor(
    private readonly ground: Ground,
    private readonly indices: ConcertIndices,
    private readonly index: string,
  ) {}

  /** Calls back, in the order of the calls, after a refresh that began after this. */
  whenFindable(then: () => void): void {
    this.#waiting.push(then);
    this.#asked.ring();
  }

  /** Resolves after a refresh that began after this. @throws the signal's reason when it is aborted before */
  async findable(signal: AbortSignal): Promise<void> {
    const refreshed = Promise.withResolvers<void>();
    this.whenFindable(refreshed.resolve);
    await unlessAborted(signal, refreshed.promise);
  }

  /** Until it is told to stop. @throws IndexGone */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#waiting.length === 0) await this.#asked.rung(signal);
      const asked = this.#waiting;
      this.#waiting = [];
      if (asked.length === 0) continue;
      await untilDone(this.ground, 'refreshing the index', signal, () => this.indices.refresh(this.index));
      for (const then of asked) then();
      await pause(this.ground, REFRESH_INTERVAL_MS, signal);
    }
  }
}
