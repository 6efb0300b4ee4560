import { nextTick } from 'node:process';
import TinyQueue from 'tinyqueue';
import type { Clock } from '#clock';

/** When every simulation begins: epoch milliseconds. */
export const EPOCH_MS = 1_800_000_000_000;

interface Happening {
  at: number;
  order: number;
  run: (() => void) | undefined;
}

/** Virtual time: what is to happen, in order, one thing after the other. */
export class World {
  now = EPOCH_MS;
  /** How many things have happened. */
  events = 0;
  /** A line for each thing that matters. Two runs are the same when theirs are. */
  readonly trace: string[] = [];
  /** For what is no process. */
  readonly clock: Clock = { now: () => this.now, after: (delayMs, call) => this.after(delayMs, call) };
  #ordered = 0;
  readonly #queue = new TinyQueue<Happening>([], (a, b) => a.at - b.at || a.order - b.order);

  /** @returns what takes it back */
  after(delayMs: number, run: () => void): () => void {
    // Clocks tell whole milliseconds.
    const happening: Happening = { at: this.now + Math.max(0, Math.ceil(delayMs)), order: this.#ordered++, run };
    this.#queue.push(happening);
    return () => {
      happening.run = undefined;
    };
  }

  tell(line: string): void {
    this.trace.push(`${String(this.now - EPOCH_MS).padStart(8)} ${line}`);
  }

  /**
   * Lets things happen until `isDone`, or until none is left, or to the end of a time.
   * @returns false when the time ran out
   */
  async run(isDone: () => boolean, forMs: number): Promise<boolean> {
    const end = this.now + forMs;
    for (let next = this.#queue.pop(); next; next = this.#queue.pop()) {
      if (!next.run) continue;
      if (next.at > end) return false;
      this.now = next.at;
      this.events++;
      next.run();
      await quiet();
      if (isDone()) return true;
    }
    return true;
  }
}

/** Node runs ticks only when no promise has anything left to do, so this comes after all that an event set off. */
const quiet = () => new Promise<void>((resolve) => nextTick(resolve));

/** A process of the simulation: it crashes, is paused, and has a clock of its own. */
export class Process {
  isUp = true;
  /** How far its clock is from the world's. */
  clockOffsetMs = 0;
  readonly clock: Clock;
  #life = 0;
  #pausedUntil = 0;

  constructor(
    readonly world: World,
    readonly name: string,
  ) {
    this.clock = {
      now: () => world.now + this.clockOffsetMs,
      after: (delayMs, call) => world.after(delayMs, this.bound(call)),
    };
  }

  /** What this process does later, unless it has crashed by then; while it is paused, that waits. */
  bound<Values extends unknown[]>(run: (...values: Values) => void): (...values: Values) => void {
    const life = this.#life;
    const perform = (...values: Values) => {
      if (life !== this.#life) return;
      const waitMs = this.#pausedUntil - this.world.now;
      if (waitMs > 0) this.world.after(waitMs, () => perform(...values));
      else run(...values);
    };
    return perform;
  }

  /** What reaches it as it is then, whoever it was when that was sent. */
  receive(run: () => void, refused: () => void): void {
    if (this.isUp) this.bound(run)();
    else refused();
  }

  pause(forMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.world.now + forMs);
    this.world.tell(`${this.name} stands still for ${forMs} ms`);
  }

  /** Nothing that it began goes on. */
  crash(): void {
    this.isUp = false;
    this.#life++;
    this.#pausedUntil = 0;
    this.world.tell(`${this.name} crashes`);
  }

  start(): void {
    this.isUp = true;
    this.world.tell(`${this.name} starts`);
  }
}
