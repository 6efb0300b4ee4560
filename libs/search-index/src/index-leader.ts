import { byService, type ServiceName, serviceNames } from '#config';
import { Fault } from '#problem';
import { BulkWriter, type Outcomes } from './bulk-writer.js';
import type { Checkpoint, FeedPosition } from './checkpoint.js';
import { Composer, StateGone } from './composer.js';
import { type ConcertIndices, IndexMoved } from './concert-index.js';
import { FanOuts } from './fan-outs.js';
import { Filler } from './filler.js';
import { Follower } from './follower.js';
import type { Lease } from './lease.js';
import { type OwnerServices, StoreChanged, storeIdsOf } from './owner-services.js';
import { type Ground, pause, untilDone, untilFirst } from './patience.js';
import { Refresher } from './refresher.js';

/**
 * Of the time for which services remember what was deleted, the time for which the index does. It must have forgotten a
 * concert before its service has: one that is made again after that, with its id, begins with version 1.
 */
const TOMBSTONES_KEPT_SHARE = 0.75;
/**
 * A checkpoint of the same stores that is younger is brought up to date. Of one that is older the index may remember what
 * a service has forgotten; the twentieth that is left is for Elasticsearch, which remembers a removal for a minute.
 */
const RESUMABLE_SHARE = 0.2;
const TOMBSTONES_PER_REMOVAL = 1_000;
/** Tombstones are removed soon after their time, and not more often than hourly where they are kept for days. */
const REMOVAL_SHARE = 0.02;
const MAX_REMOVAL_INTERVAL_MS = 3_600_000;
/** They are part of the checkpoint, which must stay small: of more, the others are told in the log alone, and the list stays full. */
const MAX_PUT_ASIDE = 1_000;

/** The index cannot be brought up to date, but must be filled from empty. */
export class MustRebuild extends IndexMoved {}

export interface LeaderParts {
  ground: Ground;
  services: OwnerServices;
  indices: ConcertIndices;
  lease: Lease;
  tombstoneRetentionMs: number;
  /** Is told after each bulk what became of its entries. */
  wrote?: ((outcomes: Outcomes) => void) | undefined;
}

/** Fills one index and keeps it up to date, for as long as it has the lease. */
export class IndexLeader {
  readonly #parts: LeaderParts;
  readonly #follower: Follower;
  readonly #filler: Filler;
  readonly #fanOuts: FanOuts;
  readonly #refresher: Refresher;
  /** For how long all services remember what was deleted: each has a setting of its own. */
  #retentionMs: number;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
    const { ground, services, indices, lease, tombstoneRetentionMs } = parts;
    const composer = new Composer(ground, services, storeIdsOf(lease.checkpoint.feeds));
    const writer = new BulkWriter(ground, indices, lease.index, {
      putAside: (id) => this.#putAside(id),
      taken: (ids) => this.#noteTaken(ids),
      wrote: (outcomes) => parts.wrote?.(outcomes),
    });
    this.#refresher = new Refresher(ground, indices, lease.index);
    const shared = { ground, services, composer, writer, refresher: this.#refresher, lease };
    this.#fanOuts = new FanOuts(shared);
    this.#follower = new Follower({ ...shared, fanOuts: this.#fanOuts });
    this.#filler = new Filler({ ...shared, tombstonesKeptMs: () => TOMBSTONES_KEPT_SHARE * this.#retentionMs });
    this.#retentionMs = tombstoneRetentionMs;
  }

  get index(): string {
    return this.#parts.lease.index;
  }

  get checkpoint(): Checkpoint {
    return this.#parts.lease.checkpoint;
  }

  /** Concerts that were brought in, while all are. */
  get filled(): number {
    return this.#filler.done;
  }

  /** Changes that were read, and are not findable yet. */
  get changesBehind(): number {
    return this.#follower.changesBehind;
  }

  /**
   * Until it is told to stop.
   * @param caughtUp is called when all feeds were read to their ends, and nothing is left to do
   * @throws LeaseLost, IndexGone, MustRebuild
   */
  async run(signal: AbortSignal, caughtUp: () => void): Promise<void> {
    const { lease } = this.#parts;
    try {
      await untilFirst(signal, [
        (both) => lease.keep(both),
        (both) => this.#refresher.run(both),
        (both) => this.#removeTombstones(both),
        (both) => this.#fillAndFollow(both, caughtUp),
      ]);
    } catch (error) {
      if (error instanceof StoreChanged || isStoreBack(error)) throw new MustRebuild(error.message);
      throw error;
    }
  }

  async #fillAndFollow(signal: AbortSignal, caughtUp: () => void): Promise<void> {
    const { ground, services, lease } = this.#parts;
    const heads = await untilDone(ground, 'reading the ends of the feeds', signal, () => services.heads());
    this.#retentionMs = Math.min(this.#retentionMs, ...serviceNames.map((service) => heads[service].tombstoneRetentionMs));
    if (!this.#isResumable) throw new MustRebuild('nobody has kept the index for too long');
    await this.#removeOldTombstones(signal);
    while (!signal.aborted) {
      try {
        if (lease.checkpoint.filling) await this.#filler.run(signal);
        await untilFirst(signal, [
          (both) => this.#fanOuts.run(both),
          (both) => this.#follower.run(both, () => this.#ended(caughtUp)),
        ]);
      } catch (error) {
        if (!isPlaceLost(error)) throw error;
        ground.logger.warn({ reason: error.message }, 'a place in a feed is lost; all concerts are looked at again');
        await this.#takeHeads(error.message, signal);
      }
    }
  }

  #ended(caughtUp: () => void): void {
    if (this.checkpoint.jobs.length === 0) caughtUp();
  }

  /**
   * A place in a feed is lost, but the stores are the same, and every delete since is still there as a tombstone: goes on
   * from the ends of the feeds, after another look at all that there is. An overlap does no harm.
   */
  async #takeHeads(reason: string, signal: AbortSignal): Promise<void> {
    const { ground, services, lease } = this.#parts;
    const { feeds } = lease.checkpoint;
    if (!this.#isResumable) throw new MustRebuild(reason);
    const heads = await headsOf(ground, services, signal);
    for (const service of serviceNames) {
      if (heads[service].storeId !== feeds[service].storeId) throw new MustRebuild(`${service} has another store now`);
    }
    lease.update({ feeds: heads, filling: { afterId: 0 }, jobs: [] });
  }

  get #isResumable(): boolean {
    const { ground, lease } = this.#parts;
    const oldest = Math.min(...serviceNames.map((service) => lease.checkpoint.feeds[service].takenAt));
    return ground.clock.now() - oldest <= RESUMABLE_SHARE * this.#retentionMs;
  }

  async #removeTombstones(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#parts.ground, Math.min(REMOVAL_SHARE * this.#retentionMs, MAX_REMOVAL_INTERVAL_MS), signal);
      if (!signal.aborted) await this.#removeOldTombstones(signal);
    }
  }

  async #removeOldTombstones(signal: AbortSignal): Promise<void> {
    const { ground, indices, lease } = this.#parts;
    const before = ground.clock.now() - TOMBSTONES_KEPT_SHARE * this.#retentionMs;
    const remove = () => indices.removeTombstones(lease.index, before, TOMBSTONES_PER_REMOVAL);
    // What was removed is found until the next refresh.
    while ((await untilDone(ground, 'removing old tombstones', signal, remove)) > 0) await this.#refresher.findable(signal);
  }

  #putAside(id: number): void {
    const { putAside } = this.checkpoint;
    if (!putAside.includes(id) && putAside.length < MAX_PUT_ASIDE) this.#parts.lease.update({ putAside: [...putAside, id] });
  }

  #noteTaken(taken: readonly number[]): void {
    const { putAside } = this.checkpoint;
    // Beside those of a full list there may be others, of which nobody knows: only another filling empties it.
    if (putAside.length === 0 || putAside.length >= MAX_PUT_ASIDE) return;
    const left = putAside.filter((id) => !taken.includes(id));
    if (left.length < putAside.length) this.#parts.lease.update({ putAside: left });
  }
}

/** The index holds versions that the store gives out a second time. */
const isStoreBack = (error: unknown): error is Fault => error instanceof Fault && error.code === 'StoreWentBack';

const isPlaceLost = (error: unknown): error is Error =>
  error instanceof StateGone || (error instanceof Fault && error.code === 'CursorExpired');

/** The present ends of the four feeds, for an index that has none of what is before them. */
export function headsOf(
  ground: Ground,
  services: OwnerServices,
  signal: AbortSignal,
): Promise<Record<ServiceName, FeedPosition>> {
  return untilDone(ground, 'reading the ends of the feeds', signal, async () => {
    const takenAt = ground.clock.now();
    const heads = await services.heads();
    return byService((service) => {
      const { cursor, storeId } = heads[service];
      return { cursor, storeId, takenAt, endReadAt: 0 };
    });
  });
}
