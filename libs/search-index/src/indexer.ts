import { randomUUID } from 'node:crypto';
import { CannotStart } from '#problem';
import type { ServiceCallers } from '#rpc';
import type { Outcomes } from './bulk-writer.js';
import type { Checkpoint } from './checkpoint.js';
import { type ConcertIndices, IndexGone } from './concert-index.js';
import { nextIndexName } from './index-definition.js';
import { headsOf, IndexLeader, MustRebuild } from './index-leader.js';
import { type Candidate, Lease, LeaseLost } from './lease.js';
import { OwnerServices } from './owner-services.js';
import { type Ground, pause, unlessAborted, untilDone, untilFirst } from './patience.js';

/** After whatever went wrong that nobody foresaw. */
const RESTART_PAUSE_MS = 1_000;
/** How often a leader looks whether the alias still names its index. */
const LOOK_INTERVAL_MS = 1_500;
const RELEASE_TIMEOUT_MS = 2_000;

export interface IndexerParts extends Ground {
  callers: ServiceCallers;
  indices: ConcertIndices;
  alias: string;
  /** Under which it leases the index. */
  name: string;
  tombstoneRetentionMs: number;
  /** Is told after each bulk what became of its entries. */
  wrote?: ((outcomes: Outcomes) => void) | undefined;
}

/** What an indexer is doing. */
export type IndexerState = 'starting' | 'standing by' | 'filling' | 'following';

/**
 * Keeps the index behind the alias equal to what the services have: leads it, or stands by while another does. Makes it
 * when there is none, and makes another, and swaps, when it cannot be brought up to date.
 */
export class Indexer {
  leader: IndexLeader | undefined;
  readonly #parts: IndexerParts;
  readonly #services: OwnerServices;
  readonly #candidate: Candidate;
  #isStandingBy = false;
  /** The index that must be replaced. */
  #unusable: string | undefined;

  constructor(parts: IndexerParts, run: string = randomUUID()) {
    this.#parts = parts;
    this.#candidate = { name: parts.name, run };
    this.#services = new OwnerServices({ callers: parts.callers, clock: parts.clock, run });
  }

  get state(): IndexerState {
    if (this.leader) return this.leader.checkpoint.filling ? 'filling' : 'following';
    return this.#isStandingBy ? 'standing by' : 'starting';
  }

  /** Until it is told to stop; then the lease is given back. @throws CannotStart when the index is of a newer program */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#turn(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CannotStart) throw error;
        const isForeseen = error instanceof LeaseLost || error instanceof IndexGone;
        if (isForeseen) this.#parts.logger.info({ reason: error.message }, 'the index is led by another, or is another');
        else this.#parts.logger.error({ err: error }, 'the indexer begins again');
        await pause(this.#parts, this.#parts.random() * RESTART_PAUSE_MS, signal);
      }
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const current = await this.#current(signal);
    const isUsable = current !== undefined && current !== this.#unusable;
    await this.#lead(
      isUsable ? current : await untilDone(this.#parts, 'making an index', signal, () => this.#newer(current)),
      signal,
    );
  }

  /** The index that the alias names. */
  #current(signal: AbortSignal): Promise<string | undefined> {
    const { indices } = this.#parts;
    return untilDone(this.#parts, 'looking at the alias', signal, () => indices.current());
  }

  /** An index newer than the current one: one that somebody has begun to fill, or a new one. */
  async #newer(current: string | undefined): Promise<string> {
    const { indices, alias } = this.#parts;
    const newer = (names: readonly string[]) => names[current === undefined ? 0 : names.indexOf(current) + 1];
    const names = await indices.names();
    const begun = newer(names);
    if (begun !== undefined) return begun;
    const name = nextIndexName(alias, names, this.#parts.clock.now());
    await indices.create(name);
    // Two that made one at the same time both go on with the older.
    return newer(await indices.names()) ?? name;
  }

  /** Leads an index until it is told to stop, or the alias names another, or it has to be filled from empty. */
  async #lead(index: string, signal: AbortSignal): Promise<void> {
    const { indices, tombstoneRetentionMs, wrote } = this.#parts;
    const lease = await this.#lease(index, signal);
    if (!lease) return;
    const parts = { ground: this.#parts, services: this.#services, indices, lease, tombstoneRetentionMs, wrote };
    const leader = new IndexLeader(parts);
    this.leader = leader;
    this.#parts.logger.info({ index, ...(lease.checkpoint.filling ?? {}) }, 'leads the index');
    try {
      await this.#keepCurrent(leader, signal);
    } catch (error) {
      if (!(error instanceof MustRebuild)) throw error;
      this.#parts.logger.warn({ index, reason: error.message }, 'the index is filled from empty again');
      this.#unusable = index;
      if ((await indices.current()) !== index) await indices.remove(index);
      // Stores that are others each time they are asked shall not make an index each time.
      await pause(this.#parts, this.#parts.random() * RESTART_PAUSE_MS, signal);
    } finally {
      this.leader = undefined;
      await this.#release(lease);
    }
  }

  /** Nobody waits for it for long: it runs out by itself. */
  async #release(lease: Lease): Promise<void> {
    const released = new AbortController();
    await Promise.race([
      lease.release().finally(() => released.abort()),
      pause(this.#parts, RELEASE_TIMEOUT_MS, released.signal),
    ]);
  }

  async #lease(index: string, signal: AbortSignal): Promise<Lease | undefined> {
    const { indices } = this.#parts;
    const before = await this.#current(signal);
    this.#isStandingBy = true;
    try {
      return await Lease.take(
        this.#parts,
        indices,
        {
          index,
          candidate: this.#candidate,
          first: () => firstCheckpoint(this.#parts, this.#services, signal),
          isWanted: async () => (await indices.current()) === before,
        },
        signal,
      );
    } finally {
      this.#isStandingBy = false;
    }
  }

  /** Lets the alias name the index once it is complete, and leads it while it does. */
  async #keepCurrent(leader: IndexLeader, signal: AbortSignal): Promise<void> {
    const { indices } = this.#parts;
    const complete = Promise.withResolvers<void>();
    await untilFirst(signal, [
      (both) => leader.run(both, complete.resolve),
      async (both) => {
        let isCurrent = (await this.#current(both)) === leader.index;
        if (!isCurrent) {
          await unlessAborted(both, complete.promise);
          await untilDone(this.#parts, 'swapping the alias', both, () => replaceBy(this.#parts, indices, leader.index));
          this.#parts.logger.info({ index: leader.index }, 'the alias names the index');
          isCurrent = true;
        }
        while (isCurrent && !both.aborted) {
          await pause(this.#parts, LOOK_INTERVAL_MS, both);
          isCurrent = (await this.#current(both)) === leader.index;
        }
      },
    ]);
  }
}

/** For an index that is to be filled from empty. */
export const firstCheckpoint = async (ground: Ground, services: OwnerServices, signal: AbortSignal): Promise<Checkpoint> => ({
  leader: null,
  feeds: await headsOf(ground, services, signal),
  jobs: [],
  filling: { afterId: 0 },
  putAside: [],
});

/** Lets the alias name an index, and removes those of before. @throws IndexGone */
export async function replaceBy({ logger }: Pick<Ground, 'logger'>, indices: ConcertIndices, index: string): Promise<void> {
  const names = await indices.names();
  await indices.swapTo(index);
  for (const name of names.slice(0, Math.max(0, names.indexOf(index)))) {
    try {
      await indices.remove(name);
    } catch (error) {
      logger.warn({ index: name, reason: String(error) }, 'an index of before could not be removed: the next swap tries again');
    }
  }
}
