import { type Clock, systemClock } from '#clock';
import type { ChangesRequest } from '#contracts';
import { Fault } from '#problem';
import type { Within } from './port.js';

/** Each holds a call open; a service has a handful of readers, and so many are none that anybody meant to run. */
const MAX_WAITERS = 64;
/** So long before the deadline of a call who waits in it looks for the last time: an answer must still reach its reader. */
const ANSWER_MARGIN_MS = 250;

interface Found {
  items: readonly unknown[];
  cursor: string;
}

/** Those who wait for the next change of a store. */
export class Waiters {
  private readonly asleep = new Set<() => void>();
  private count = 0;
  private wakings = 0;
  private isOver = false;

  /** @param onWait is called whenever somebody is about to sleep, with the place that he has found nothing behind */
  constructor(
    private readonly onWait?: (cursor: string) => void,
    private readonly clock: Clock = systemClock,
  ) {}

  get areAny(): boolean {
    return this.count > 0 && !this.isOver;
  }

  /**
   * Looks for changes; when there are none, again whenever they are waked, until there are some or the time is over.
   * @param look for what came after a cursor
   * @throws Fault Overloaded when too many wait
   */
  async look<F extends Found>(
    { after, waitMs }: Pick<ChangesRequest, 'after' | 'waitMs'>,
    { deadline }: Within,
    look: (after: string) => F | Promise<F>,
  ): Promise<F> {
    const until = Math.min(this.clock.now() + waitMs, deadline - ANSWER_MARGIN_MS);
    let seen = this.wakings;
    let found = await look(after);
    if (found.items.length > 0 || !this.mayWait(until)) return found;
    if (this.count >= MAX_WAITERS) throw new Fault('Overloaded', `${MAX_WAITERS} readers wait for changes already`);
    this.count += 1;
    try {
      while (found.items.length === 0 && this.mayWait(until)) {
        this.onWait?.(found.cursor);
        await this.nextWaking(seen, until);
        seen = this.wakings;
        found = await look(found.cursor);
      }
      return found;
    } finally {
      this.count -= 1;
    }
  }

  /** Something was written. */
  wake(): void {
    this.wakings += 1;
    for (const wake of this.asleep) wake();
  }

  /** Nobody waits from now on. */
  end(): void {
    this.isOver = true;
    this.wake();
  }

  private mayWait(until: number): boolean {
    return !this.isOver && this.clock.now() < until;
  }

  /** @param seen how often they had been waked before the last look: what was written during it is not to be missed */
  private async nextWaking(seen: number, until: number): Promise<void> {
    if (this.wakings !== seen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const takeBack = this.clock.after(until - this.clock.now(), resolve);
    this.asleep.add(resolve);
    await promise;
    this.asleep.delete(resolve);
    takeBack();
  }
}
