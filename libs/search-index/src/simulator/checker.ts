import { isDeepStrictEqual } from 'node:util';
import { byService, type ServiceName, serviceNames } from '#config';
import { EPOCH_MS, type World } from '#simulation';
import { type Checkpoint, completeUntil } from '../checkpoint.js';
import { composedVersion, type IndexEntry, isTombstone, type LiveEntry, type StoredCheckpoint } from '../concert-index.js';
import { LEASE_MS } from '../lease.js';
import type { History, RecordState } from './history.js';
import type { MemoryIndices } from './memory-indices.js';
import { type IndexEvents, textOf } from './watched-indices.js';

interface CheckerParts {
  world: World;
  indices: MemoryIndices;
  /** Of the stores that the services answer from now. */
  histories(): Record<ServiceName, History>;
  /** How far the clock of an indexer is ahead at most: it takes so much for told that is not. */
  aheadMs: number;
  tombstoneRetentionMs: number;
}

const PARTS = [
  ['band', 'bands', 'bandId'],
  ['venue', 'venues', 'venueId'],
  ['event', 'events', 'eventId'],
] as const;

/** The share of the retention after which the index may have forgotten a concert that was deleted. */
const FORGOTTEN_SHARE = 0.7;
/** Sentences of one kind: the first tell it all. */
const MAX_SENTENCES = 10;

/** Whether what search finds is what is promised: while all happens, and at the end. */
export class Checker implements IndexEvents {
  readonly violations: string[] = [];
  /** When each index was written last. */
  readonly writtenAt = new Map<string, number>();
  readonly #storedAt = new Map<string, number>();
  readonly #found = new Map<string, Map<number, IndexEntry>>();
  #expected: Expected | undefined;

  constructor(private readonly parts: CheckerParts) {}

  written(index: string): void {
    this.writtenAt.set(index, this.parts.world.now);
  }

  /** No version that search has found is followed by a lower one. */
  refreshed(index: string): void {
    const before = this.#found.get(index);
    const now = new Map(this.parts.indices.foundIn(index)?.map((entry) => [entry.id, entry]));
    this.#found.set(index, now);
    if (!before) return;
    for (const [id, entry] of now) {
      const was = before.get(id);
      if (!was || was === entry || composedVersion(was.versions) <= composedVersion(entry.versions)) continue;
      const isForgotten =
        isTombstone(was) && was.deletedAt < this.parts.world.now - FORGOTTEN_SHARE * this.parts.tombstoneRetentionMs;
      this.#say(!isForgotten, `${index} went back from ${textOf(was)} to ${textOf(entry)}`);
    }
  }

  stored(index: string, before: StoredCheckpoint | undefined, checkpoint: Checkpoint): void {
    this.#checkLeader(index, before?.checkpoint, checkpoint);
    this.#checkFreshness(index, checkpoint);
  }

  /** An index that was removed can be made again. */
  removed(index: string): void {
    this.#found.delete(index);
    this.#storedAt.delete(index);
  }

  /** Where the index behind the alias is not what the services have. @param putAside concerts that it does not take */
  differences(putAside: readonly number[]): string[] {
    const index = this.parts.indices.currentName;
    const found = index === undefined ? undefined : this.parts.indices.foundIn(index);
    if (!found) return ['there is no index'];
    const histories = this.parts.histories();
    const differences: string[] = [];
    const live = new Map(found.filter((entry) => !isTombstone(entry)).map((entry) => [entry.id, entry]));
    for (const concert of histories.concerts.live) {
      const entry = live.get(concert.id);
      live.delete(concert.id);
      if (putAside.includes(concert.id)) continue;
      if (!entry) differences.push(`the concert ${concert.id} is not in ${index}`);
      else if (!isTombstone(entry)) differences.push(...differencesOf(entry, concert, histories));
    }
    for (const id of live.keys()) if (!putAside.includes(id)) differences.push(`the concert ${id} is in ${index}, and deleted`);
    return differences;
  }

  /** A leader is followed by another only when it was silent for the time of a lease, or has ended. */
  #checkLeader(index: string, before: Checkpoint | undefined, { leader }: Checkpoint): void {
    const { now } = this.parts.world;
    const silentMs = now - (this.#storedAt.get(index) ?? Number.NEGATIVE_INFINITY);
    this.#storedAt.set(index, now);
    const last = before?.leader;
    const isOther = last && leader && last.run !== leader.run && last.name !== leader.name;
    this.#say(
      isOther === true && silentMs < LEASE_MS,
      `${leader?.run} took ${index} from ${last?.run}, which had stored ${silentMs} ms before`,
    );
  }

  /** What a checkpoint says is found, is found. */
  #checkFreshness(index: string, checkpoint: Checkpoint): void {
    const until = completeUntil(checkpoint) - this.parts.aheadMs;
    const histories = this.parts.histories();
    if (until === Number.NEGATIVE_INFINITY) return;
    if (serviceNames.some((name) => histories[name].storeId !== checkpoint.feeds[name].storeId)) return;
    if (!this.#expected?.canGoTo(until, histories)) this.#expected = new Expected(histories);
    const states = this.#expected.at(until);
    const found = new Map(this.parts.indices.foundIn(index)?.map((entry) => [entry.id, entry]));
    for (const concert of states.concerts.values()) {
      if (concert.version === 0 || checkpoint.putAside.includes(concert.id)) continue;
      const lack = lackOf(found.get(concert.id), concert, this.#isPresent(concert) ? states : undefined);
      if (lack) this.#say(true, `${index} says that it is complete until ${until - EPOCH_MS}, and ${lack}`);
    }
  }

  #isPresent({ id, version }: RecordState): boolean {
    return this.parts.histories().concerts.present.get(id)?.version === version;
  }

  #say(isWrong: boolean, sentence: string): void {
    if (isWrong && this.violations.length < MAX_SENTENCES) this.violations.push(sentence);
  }
}

type States = Record<ServiceName, Map<number, RecordState>>;

/** What the services had at times, ever later ones. */
class Expected {
  #until = Number.NEGATIVE_INFINITY;
  readonly #states: States = byService(() => new Map());
  readonly #readers;

  constructor(private readonly histories: Record<ServiceName, History>) {
    this.#readers = serviceNames.map((name) => ({ states: this.#states[name], read: histories[name].reader() }));
  }

  canGoTo(time: number, histories: Record<ServiceName, History>): boolean {
    return time >= this.#until && serviceNames.every((name) => this.histories[name] === histories[name]);
  }

  at(time: number): States {
    this.#until = time;
    for (const { states, read } of this.#readers) read(time, (state) => states.set(state.id, state));
    return this.#states;
  }
}

/**
 * What is not found of a concert that was so at some time; a later state of it will do.
 * @param states nothing where the concert has changed since: its parts come with that change, since whoever asks which
 *   concerts have a part learns of those that have it now
 */
function lackOf(entry: IndexEntry | undefined, concert: RecordState, states: States | undefined): string | undefined {
  const place = `the concert ${concert.id} of version ${concert.version}`;
  if (!concert.document) {
    const isLive = entry && !isTombstone(entry) && entry.versions.concert <= concert.version;
    return isLive ? `${place} is deleted, and found as ${textOf(entry)}` : undefined;
  }
  if (!entry || entry.versions.concert < concert.version) return `${place} is found as ${entry ? textOf(entry) : 'nothing'}`;
  if (isTombstone(entry) || !states) return undefined;
  for (const [part, service, reference] of PARTS) {
    const state = states[service].get(entry.concert[reference] ?? 0);
    if (state && entry.versions[part] < state.version)
      return `${place} is found as ${textOf(entry)}, without version ${state.version} of its ${part} ${state.id}`;
  }
  return undefined;
}

function differencesOf(entry: LiveEntry, concert: RecordState, histories: Record<ServiceName, History>): string[] {
  const differences: string[] = [];
  const place = `the concert ${concert.id}`;
  if (entry.versions.concert !== concert.version || !isDeepStrictEqual(entry.concert, concert.document))
    differences.push(`${place} of version ${concert.version} is in the index as ${textOf(entry)}`);
  for (const [part, service, reference] of PARTS) {
    const id = entry.concert[reference] ?? 0;
    const { version = 0, document = null } = histories[service].present.get(id) ?? {};
    // What is deleted and forgotten is nothing, whatever its version was.
    const isNothing = version === 0 && entry[part] === null;
    if ((entry.versions[part] !== version && !isNothing) || !isDeepStrictEqual(entry[part], document))
      differences.push(`${place} has its ${part} ${id} in version ${entry.versions[part]} and not ${version} in the index`);
  }
  return differences;
}
