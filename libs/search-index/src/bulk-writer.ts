import { Fault } from '#problem';
import type { ConcertIndices, IndexEntry, WriteOutcome } from './concert-index.js';
import { Backoff, type Ground, isToSay } from './patience.js';
import { sizesOf } from './sizes.js';

/** A bulk is halved when Elasticsearch has no room, and has so many more after each that it took. */
const GROWTH = 16;
/** Bulks on their way at once: one is indexed while the next is sent. */
const SLOTS = 2;
/** Those of fan-out jobs: at most half. */
const JOB_SLOTS = 1;
/** An entry that is refused is tried so often: a mapping may have been mended in between. */
const MAX_TRIES = 5;

/** How many entries came to what. */
export type Outcomes = Record<WriteOutcome['outcome'], number>;
const NONE: Outcomes = { written: 0, newer: 0, retry: 0, refused: 0 };

interface WriterEvents {
  putAside(id: number): void;
  /** In the index now, these or newer ones. */
  taken(ids: readonly number[]): void;
  /** After each bulk. */
  wrote(outcomes: Outcomes): void;
}

/** Writes entries to one index, in bulks. Whatever happens there, nothing is lost but what is put aside, which is said. */
export class BulkWriter {
  readonly #slots = new Slots(SLOTS);
  /** In a row. */
  #failures = 0;
  readonly #jobSlots = new Slots(JOB_SLOTS);
  readonly #maxSize: number;
  #size: number;

  constructor(
    private readonly ground: Ground,
    private readonly indices: ConcertIndices,
    private readonly index: string,
    private readonly events: WriterEvents,
  ) {
    this.#maxSize = sizesOf(ground).bulk;
    this.#size = this.#maxSize;
  }

  /** Resolves when each is in the index, or a newer one, or it was put aside. @throws IndexGone */
  async write(entries: readonly IndexEntry[], signal: AbortSignal): Promise<void> {
    const bulks: Promise<void>[] = [];
    for (let start = 0; start < entries.length; ) {
      const some = entries.slice(start, start + this.#size);
      start += some.length;
      bulks.push(this.#slots.with(signal, () => this.#writeBulk(some, signal)));
    }
    await all(bulks);
  }

  /** The same for a fan-out job, which leaves room for others. */
  writeForJob(entries: readonly IndexEntry[], signal: AbortSignal): Promise<void> {
    return this.#jobSlots.with(signal, () => this.write(entries, signal));
  }

  async #writeBulk(entries: readonly IndexEntry[], signal: AbortSignal): Promise<void> {
    const refusals = new Map<number, number>();
    const backoff = new Backoff(this.ground);
    for (let left = entries; left.length > 0; ) {
      signal.throwIfAborted();
      const some = left.slice(0, this.#size);
      const rest = left.slice(some.length);
      const again = await this.#tried(some, refusals);
      left = [...again, ...rest];
      if (again.length === 0) backoff.reset();
      else await backoff.pause(signal);
    }
  }

  /** @returns those that must be sent again */
  async #tried(entries: readonly IndexEntry[], refusals: Map<number, number>): Promise<readonly IndexEntry[]> {
    const outcomes = await this.#sent(entries);
    if (!outcomes) return entries;
    const counts = { ...NONE };
    const again: IndexEntry[] = [];
    const taken: number[] = [];
    for (const [at, entry] of entries.entries()) {
      const outcome: WriteOutcome = outcomes[at] ?? { outcome: 'retry', reason: 'there is no result of it' };
      counts[outcome.outcome]++;
      if (outcome.outcome === 'retry') again.push(entry);
      else if (outcome.outcome !== 'refused') taken.push(entry.id);
      else if (this.#mayTryAgain(entry.id, outcome.reason, refusals)) again.push(entry);
    }
    this.events.taken(taken);
    this.events.wrote(counts);
    const full = outcomes.find((one) => one.outcome === 'retry');
    if (full) this.#sayFailed(full.reason);
    else this.#failures = 0;
    this.#size = full ? this.#halved() : Math.min(this.#maxSize, this.#size + GROWTH);
    return again;
  }

  async #sent(entries: readonly IndexEntry[]): Promise<readonly WriteOutcome[] | undefined> {
    try {
      return await this.indices.write(this.index, entries);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.events.wrote({ ...NONE, retry: entries.length });
      this.#size = this.#halved();
      this.#sayFailed(error.detail);
      return undefined;
    }
  }

  #sayFailed(reason: string): void {
    this.#failures++;
    if (isToSay(this.#failures)) this.ground.logger.warn({ failures: this.#failures, reason }, 'a bulk failed and is sent again');
  }

  #mayTryAgain(id: number, reason: string, refusals: Map<number, number>): boolean {
    const tries = (refusals.get(id) ?? 0) + 1;
    refusals.set(id, tries);
    if (tries < MAX_TRIES) return true;
    this.ground.logger.error({ id, reason }, 'the index does not take a concert: it is put aside until it changes');
    this.events.putAside(id);
    return false;
  }

  #halved(): number {
    return Math.max(1, Math.floor(this.#size / 2));
  }
}

/** A number of places, given in the order in which they were asked for. */
class Slots {
  readonly #waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async with<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.free--;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}

/** Waits for all, also when one fails. @throws what the first that failed threw */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
