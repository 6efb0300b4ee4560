import { Fault } from '#problem';
import { type Faults, Names, type Process } from '#simulation';
import type { Checkpoint } from '../checkpoint.js';
import type {
  CheckpointPosition,
  ConcertIndices,
  FoundEntry,
  IndexEntry,
  StoredCheckpoint,
  WriteOutcome,
} from '../concert-index.js';

const FAULTS = [
  ['refused', 0.02],
  ['too many requests', 0.015],
  ['answer lost', 0.02],
  ['late', 0.02],
  ['slow', 0.03],
] as const;
/** Of a bulk. */
const SOME_REFUSED = 0.02;

const LATENCY_MS = [1, 5] as const;
const SLOW_MS = [50, 6_000] as const;
/** When the index has long been replaced, or whoever sent it has been deposed, or Elasticsearch forgotten a delete. */
const LATE_MS = [4_000, 300_000] as const;

/** As the client of Elasticsearch has them. */
const REQUEST_TIMEOUT_MS = 10_000;
const BULK_TIMEOUT_MS = 20_000;
const CHECKPOINT_TIMEOUT_MS = 4_000;

export interface IndicesLinkParts {
  process: Process;
  indices: ConcertIndices;
  faults: Faults;
  isAway(): boolean;
  /** Whether the index does not take a concert as it is. */
  isRefused(id: number): boolean;
}

/** The way from one process to Elasticsearch: requests come late, or never, and so do their answers. */
export class IndicesLink implements ConcertIndices {
  readonly #names = new Names();

  constructor(private readonly parts: IndicesLinkParts) {}

  current(): Promise<string | undefined> {
    return this.#ask('current', (indices) => indices.current());
  }

  names(): Promise<string[]> {
    return this.#ask('names', (indices) => indices.names());
  }

  create(name: string): Promise<boolean> {
    return this.#ask('create', (indices) => indices.create(name));
  }

  swapTo(name: string): Promise<void> {
    return this.#ask('swap', (indices) => indices.swapTo(name));
  }

  remove(name: string): Promise<void> {
    return this.#ask('remove', (indices) => indices.remove(name));
  }

  write(name: string, entries: readonly IndexEntry[]): Promise<WriteOutcome[]> {
    const { faults, process } = this.parts;
    const call = this.#names.next(`${process.name} bulk`);
    const isFull = faults.strikes(call, 'half', { draw: faults.draw(`${call} half`), probability: SOME_REFUSED });
    const refusalOf = ({ id }: IndexEntry, at: number): WriteOutcome | undefined => {
      if (this.parts.isRefused(id)) return { outcome: 'refused', reason: 'it does not fit the mapping' };
      return isFull && at % 2 === 0 ? { outcome: 'retry', reason: 'the queue is full' } : undefined;
    };
    const work = async (indices: ConcertIndices): Promise<WriteOutcome[]> => {
      const refusals = entries.map(refusalOf);
      const written = await indices.write(
        name,
        entries.filter((_, at) => !refusals[at]),
      );
      return refusals.map((refusal) => refusal ?? written.shift() ?? { outcome: 'retry', reason: 'there is no result' });
    };
    return this.#send(call, BULK_TIMEOUT_MS, work);
  }

  refresh(name: string): Promise<void> {
    return this.#ask('refresh', (indices) => indices.refresh(name));
  }

  readCheckpoint(name: string): Promise<StoredCheckpoint | undefined> {
    return this.#ask('read checkpoint', (indices) => indices.readCheckpoint(name), CHECKPOINT_TIMEOUT_MS);
  }

  storeCheckpoint(name: string, checkpoint: Checkpoint, position: CheckpointPosition | undefined): Promise<CheckpointPosition> {
    const store = (indices: ConcertIndices) => indices.storeCheckpoint(name, checkpoint, position);
    return this.#ask('store checkpoint', store, CHECKPOINT_TIMEOUT_MS);
  }

  entriesAfter(name: string, afterId: number, limit: number): Promise<FoundEntry[]> {
    return this.#ask('search', (indices) => indices.entriesAfter(name, afterId, limit));
  }

  removeTombstones(name: string, deletedBefore: number, limit: number): Promise<number> {
    return this.#ask('remove tombstones', (indices) => indices.removeTombstones(name, deletedBefore, limit));
  }

  #ask<T>(what: string, work: (indices: ConcertIndices) => Promise<T>, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
    return this.#send(this.#names.next(`${this.parts.process.name} ${what}`), timeoutMs, work);
  }

  #send<T>(name: string, timeoutMs: number, work: (indices: ConcertIndices) => Promise<T>): Promise<T> {
    const { process, faults, indices } = this.parts;
    const { world } = process;
    const draw = faults.draw(name);
    const fault = faults.first(name, draw, FAULTS);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settle = process.bound((end: () => void) => end());
    const takeBack = process.clock.after(timeoutMs, () => reject(new Fault('Timeout', 'Elasticsearch did not answer in time')));
    const answer = (end: () => void) => {
      if (fault === 'answer lost') return;
      world.after(draw.within(LATENCY_MS), () => {
        takeBack();
        settle(end);
      });
    };
    const arrive = () => {
      if (this.parts.isAway() || fault === 'refused')
        return answer(() => reject(new Fault('Unavailable', 'Elasticsearch is not there')));
      if (fault === 'too many requests') return answer(() => reject(new Fault('Overloaded', 'the queue is full')));
      work(indices).then(
        (value) => answer(() => resolve(value)),
        (error) => answer(() => reject(error)),
      );
    };
    world.after(draw.within(fault === 'late' ? LATE_MS : fault === 'slow' ? SLOW_MS : LATENCY_MS), arrive);
    return promise;
  }
}
