import type { Checkpoint } from './checkpoint.js';
import {
  CheckpointConflict,
  type CheckpointPosition,
  type ConcertIndices,
  IndexMoved,
  type StoredCheckpoint,
} from './concert-index.js';
import { type Ground, pause, untilDone } from './patience.js';

/** A leader stores the checkpoint at least this often, changed or not: that renews its lease, and shows how fresh the index is. */
const RENEW_AFTER_MS = 1_500;
/** And when there is something new, not more often than this. */
const STORE_AFTER_MS = 500;
/** A checkpoint that nobody has stored for this long has no leader any more. */
export const LEASE_MS = 6_000;
const WATCH_INTERVAL_MS = 1_000;

/** Another run leads the index now. */
export class LeaseLost extends IndexMoved {}

/** Who leads, or wants to: its name, and which run of it. */
export interface Candidate {
  name: string;
  run: string;
}

/**
 * The lease on an index and its checkpoint, which are one document: each write of it states the position of the one before,
 * so that who was paused and has lost the lease can never overwrite what its successor wrote.
 */
export class Lease {
  /** As it shall be stored next. */
  checkpoint: Checkpoint;
  #position: CheckpointPosition | undefined;
  #isDirty = true;
  #storedAt = 0;

  private constructor(
    private readonly ground: Ground,
    private readonly indices: ConcertIndices,
    readonly index: string,
    { checkpoint, position }: { checkpoint: Checkpoint; position: CheckpointPosition | undefined },
  ) {
    this.checkpoint = checkpoint;
    this.#position = position;
  }

  /**
   * Takes the lease as soon as nobody has it: the leader ended in peace, it has our name, or it has not stored anything
   * for the time of a lease. No clock but our own is relied on.
   * @param first makes the checkpoint of an index that has none
   * @param isWanted asked between two looks; when it says no, there is no use in waiting
   * @returns nothing when it was not wanted any more
   */
  static async take(
    ground: Ground,
    indices: ConcertIndices,
    {
      index,
      candidate,
      first,
      isWanted,
    }: {
      index: string;
      candidate: Candidate;
      first: () => Promise<Checkpoint>;
      isWanted: () => Promise<boolean>;
    },
    signal: AbortSignal,
  ): Promise<Lease | undefined> {
    let seen: { seqNo: number | undefined; since: number } | undefined;
    for (;;) {
      const stored = await untilDone(ground, 'reading the checkpoint', signal, () => indices.readCheckpoint(index));
      const now = ground.clock.now();
      // A clock that was set back begins to measure anew.
      if (!seen || seen.seqNo !== stored?.position.seqNo || now < seen.since)
        seen = { seqNo: stored?.position.seqNo, since: now };
      if (isFree(stored, candidate) || now - seen.since >= LEASE_MS) {
        const checkpoint = stored?.checkpoint ?? (await first());
        const lease = new Lease(ground, indices, index, {
          checkpoint: { ...checkpoint, leader: candidate },
          position: stored?.position,
        });
        if (await lease.#taken(signal)) return lease;
        seen = undefined;
      }
      await pause(ground, WATCH_INTERVAL_MS, signal);
      signal.throwIfAborted();
      if (!(await untilDone(ground, 'looking at the alias', signal, isWanted))) return undefined;
    }
  }

  /** Has `change` stored soon. */
  update(change: Partial<Checkpoint>): void {
    this.checkpoint = { ...this.checkpoint, ...change };
    this.#isDirty = true;
  }

  /** Renews it and stores what is new, until it is told to stop. @throws LeaseLost, IndexGone */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const age = this.ground.clock.now() - this.#storedAt;
      // A clock that was set back says nothing of when it was stored.
      if (age < 0 || age >= RENEW_AFTER_MS || (this.#isDirty && age >= STORE_AFTER_MS))
        await untilDone(this.ground, 'storing the checkpoint', signal, () => this.store());
      else await pause(this.ground, (this.#isDirty ? STORE_AFTER_MS : RENEW_AFTER_MS) - age, signal);
    }
  }

  /** Stores the checkpoint as it is now. @throws LeaseLost, IndexGone, or a Fault: then it may have been stored or not */
  async store(): Promise<void> {
    const startedAt = this.ground.clock.now();
    this.#isDirty = false;
    try {
      this.#position = await this.indices.storeCheckpoint(this.index, this.checkpoint, this.#position);
      this.#storedAt = startedAt;
    } catch (error) {
      this.#isDirty = true;
      if (!(error instanceof CheckpointConflict)) throw error;
      await this.#assertOurs();
    }
  }

  /** Lets others have it at once. Harmless when it is lost. */
  async release(): Promise<void> {
    try {
      this.update({ leader: null });
      await this.store();
    } catch (error) {
      this.ground.logger.info({ reason: String(error), index: this.index }, 'the lease was not given back: it runs out');
    }
  }

  /** A write whose answer was lost has moved the position: then the checkpoint is one of this run. */
  async #assertOurs(): Promise<void> {
    const stored = await this.indices.readCheckpoint(this.index);
    const run = this.checkpoint.leader?.run;
    if (!stored || run === undefined || stored.checkpoint.leader?.run !== run)
      throw new LeaseLost(`${stored?.checkpoint.leader?.name ?? 'another'} leads the index ${this.index} now`);
    this.#position = stored.position;
  }

  async #taken(signal: AbortSignal): Promise<boolean> {
    try {
      await untilDone(this.ground, 'taking the lease', signal, async () => {
        await this.store();
        // After a conflict with a write of our own it has to be stored once more.
        if (this.#isDirty) await this.store();
      });
      return true;
    } catch (error) {
      if (error instanceof LeaseLost) return false;
      throw error;
    }
  }
}

const isFree = (stored: StoredCheckpoint | undefined, { name }: Candidate): boolean =>
  !stored || stored.checkpoint.leader === null || stored.checkpoint.leader.name === name;
