import { byService, type ServiceName, serviceNames } from '#config';
import type { Change, Concert } from '#contracts';
import type { BulkWriter } from './bulk-writer.js';
import type { Composer } from './composer.js';
import type { FanOuts } from './fan-outs.js';
import type { Lease } from './lease.js';
import { type FeedAnswer, type OwnerServices, type PartName, partNames } from './owner-services.js';
import { Bell, type Ground, pause, untilDone, untilFirst } from './patience.js';
import type { Refresher } from './refresher.js';
import { type Sizes, sizesOf } from './sizes.js';

/** How long a service holds an answer back while nothing changes: so old may the index look when nothing happens. */
const POLL_WAIT_MS = 1_000;
/** Whose end was reached is asked again after this at the soonest: on a busy feed one answer has several changes. */
const POLL_INTERVAL_MS = 100;
/** Parts whose concerts are asked for at once. */
const PARTS_AT_ONCE = 16;

interface ChangedPart {
  service: PartName;
  id: number;
  version: number;
}

export interface FollowerParts {
  ground: Ground;
  services: OwnerServices;
  composer: Composer;
  writer: BulkWriter;
  refresher: Refresher;
  lease: Lease;
  fanOuts: FanOuts;
}

/** Reads the four feeds and brings what changed into the index, one batch after the other. */
export class Follower {
  /** Changes that were read, and are not findable yet. */
  changesBehind = 0;
  readonly #parts: FollowerParts;
  readonly #sizes: Sizes;
  readonly #arrived: FeedAnswer[] = [];
  readonly #arrival = new Bell();
  readonly #taking = new Bell();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#sizes = sizesOf(parts.ground);
  }

  /**
   * Until it is told to stop. @param ended is called each time that all feeds were read to their ends and all is findable
   * @throws IndexGone, StoreChanged, StateGone, Fault CursorExpired
   */
  async run(signal: AbortSignal, ended: () => void): Promise<void> {
    // What was read before a place was lost is read again.
    this.#arrived.length = 0;
    this.changesBehind = 0;
    this.#parts.composer.forget();
    await untilFirst(signal, [
      ...serviceNames.map((service) => (both: AbortSignal) => this.#poll(service, both)),
      (both) => this.#applyAll(both, ended),
    ]);
  }

  /** Asks one feed over and over, one answer ahead of what is being applied. */
  async #poll(service: ServiceName, signal: AbortSignal): Promise<void> {
    const { ground, services, lease } = this.#parts;
    const { storeId } = lease.checkpoint.feeds[service];
    for (let { cursor } = lease.checkpoint.feeds[service]; !signal.aborted; ) {
      const answer = await untilDone(ground, `reading the changes of ${service}`, signal, () =>
        services.changes(service, { cursor, storeId }, POLL_WAIT_MS),
      );
      ({ cursor } = answer);
      this.#arrived.push(answer);
      this.changesBehind += answer.changes.length;
      this.#arrival.ring();
      if (this.#arrived.includes(answer)) await this.#taking.rung(signal);
      const pauseMs = POLL_INTERVAL_MS - (ground.clock.now() - answer.askedAt);
      // A clock that was set back makes nobody wait for longer.
      if (answer.isAtEnd && pauseMs > 0) await pause(ground, Math.min(pauseMs, POLL_INTERVAL_MS), signal);
    }
  }

  /** What was read is composed while that of before is written. */
  async #applyAll(signal: AbortSignal, ended: () => void): Promise<void> {
    const { ground, composer, writer } = this.#parts;
    let writing = Promise.resolve();
    const write = (next: () => Promise<void>) => {
      writing = writing.then(next);
      // A failure is told when it is waited for.
      writing.catch(() => undefined);
    };
    while (!signal.aborted) {
      if (this.#arrived.length === 0) await this.#arrival.rung(signal);
      const answers = this.#arrived.splice(0);
      if (answers.length > 0) this.#taking.ring();
      const ids = await this.#concertsIn(answers, signal);
      const told = newestOf(answers.flatMap(({ concerts }) => concerts));
      if (ids.length === 0) await writing;
      for (const some of chunksOf(ids, this.#sizes.page)) {
        const entries = await untilDone(ground, 'composing concerts', signal, () => composer.ofIds(some, signal, told));
        await writing;
        write(() => writer.write(entries, signal));
      }
      write(async () => this.#noteWhenFindable(answers, signal, ended));
    }
  }

  #noteWhenFindable(answers: readonly FeedAnswer[], signal: AbortSignal, ended: () => void): void {
    this.#parts.refresher.whenFindable(() => {
      if (signal.aborted) return;
      for (const answer of answers) this.#note(answer);
      if (serviceNames.every((service) => this.#parts.lease.checkpoint.feeds[service].endReadAt > 0)) ended();
    });
  }

  /** Those that changed, and those of the parts that did. */
  async #concertsIn(answers: readonly FeedAnswer[], signal: AbortSignal): Promise<number[]> {
    const { composer } = this.#parts;
    const changed = changedIn(answers);
    for (const service of serviceNames) for (const [id, version] of changed[service]) composer.saw(service, id, version);
    const ids = new Set(changed.concerts.keys());
    for (const service of partNames) {
      for (const parts of chunksOf([...changed[service]], PARTS_AT_ONCE)) {
        const found = await Promise.all(
          parts.map(([id, version]) => this.#concertsOf({ service, id, version }, ids.size, signal)),
        );
        for (const concertId of found.flat()) ids.add(concertId);
      }
    }
    return [...ids];
  }

  /** The concerts of a part that changed; none when they are so many that a job takes them on. */
  async #concertsOf(part: ChangedPart, inBatch: number, signal: AbortSignal): Promise<number[]> {
    const { ground, services, fanOuts } = this.#parts;
    const { concertsAtOnce, concertsPerBatch } = this.#sizes;
    const atOnce = inBatch < concertsPerBatch ? concertsAtOnce : 0;
    const concerts = await untilDone(ground, `reading the concerts of one of the ${part.service}`, signal, () =>
      services.referring(part.service, part.id, { limit: atOnce + 1 }),
    );
    if (concerts.length <= atOnce) return concerts.map(({ id }) => id);
    await fanOuts.add(part, signal);
    return [];
  }

  /** What an answer told of is in the index and findable. */
  #note({ service, cursor, askedAt, isAtEnd, changes }: FeedAnswer): void {
    const { lease } = this.#parts;
    const { feeds } = lease.checkpoint;
    const endReadAt = isAtEnd ? askedAt : feeds[service].endReadAt;
    lease.update({ feeds: { ...feeds, [service]: { ...feeds[service], cursor, takenAt: askedAt, endReadAt } } });
    this.changesBehind -= changes.length;
  }
}

/** The newest state of each concert. */
function newestOf(concerts: readonly Change<Concert>[]): Map<number, Change<Concert>> {
  const newest = new Map<number, Change<Concert>>();
  for (const state of concerts) if (state.version > (newest.get(state.id)?.version ?? 0)) newest.set(state.id, state);
  return newest;
}

/** The newest version of each record that changed. */
function changedIn(answers: readonly FeedAnswer[]): Record<ServiceName, Map<number, number>> {
  const changed = byService(() => new Map<number, number>());
  for (const { service, changes } of answers) {
    for (const { id, version } of changes) changed[service].set(id, Math.max(version, changed[service].get(id) ?? 0));
  }
  return changed;
}

function* chunksOf<T>(items: readonly T[], size: number): Iterable<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
