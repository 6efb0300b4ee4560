import type { Change, Concert } from '#contracts';
import { Composer } from './composer.js';
import { type ConcertIndices, composedVersion, type IndexEntry, isTombstone, type Versions } from './concert-index.js';
import type { OwnerServices, StoreIds } from './owner-services.js';
import { type Ground, pause, untilDone } from './patience.js';
import { SIZES, sizesOf } from './sizes.js';

/** What was written last may need so long to be found: only what differs then too is told. */
const SECOND_LOOK_MS = 5_000;
/** So many are named; of more it is only known that they differ. */
export const MAX_DIFFERENCES = 10_000;
/** So many are remembered for the second look. */
const MAX_SUSPECTS = 10_000;
/** More than these between two concerts are differences anyway. */
const MAX_FOUND = MAX_DIFFERENCES + 2 * SIZES.page;

/** A concert that the index has otherwise than the services. */
export interface Difference {
  id: number;
  /** `missing` and `older` are not up to date; `extra` is not there any more; `newer` is what no service ever had. */
  kind: 'missing' | 'older' | 'extra' | 'newer';
  services: Versions | undefined;
  index: Versions | undefined;
}

export interface Verification {
  /** Live concerts. */
  concerts: number;
  differences: Difference[];
}

export interface VerificationParts {
  ground: Ground;
  services: OwnerServices;
  indices: ConcertIndices;
  index: string;
  /** The store that the concerts are in now. */
  storeIds: StoreIds;
}

/** A state of a concert, on either side. */
interface State {
  versions: Versions;
  isLive: boolean;
}

/**
 * Compares an index with the services, concert by concert, while both may change. What differs is looked at again after
 * five seconds: the index must have got at least to where the services were, and not beyond where they are.
 * @param progress is told how many concerts were compared
 */
export async function verify(
  parts: VerificationParts,
  signal: AbortSignal,
  progress: (compared: number) => void = () => undefined,
): Promise<Verification> {
  // A part that has changed since is one more difference, and looked at again.
  const composer = new Composer(parts.ground, parts.services, parts.storeIds);
  const differences: Difference[] = [];
  let concerts = 0;
  let suspects = new Map<number, State | undefined>();
  let reading = readPage(parts, 0, signal);
  for (;;) {
    const page = await reading;
    const { isLast } = page;
    if (!isLast) {
      // The next page is read while this one is compared; a failure is told when it is waited for.
      reading = readPage(parts, page.upTo, signal);
      reading.catch(() => undefined);
    }
    concerts += await firstLook(parts, { composer, page, suspects }, signal);
    progress(concerts);
    if (!isLast && suspects.size < MAX_SUSPECTS) continue;
    differences.push(...(await secondLook(parts, suspects, signal)));
    suspects = new Map();
    if (isLast || differences.length >= MAX_DIFFERENCES) return { concerts, differences };
  }
}

/** What the services have of the concerts behind one, up to another. */
interface Page {
  states: readonly Change<Concert>[];
  afterId: number;
  upTo: number;
  isLast: boolean;
}

async function readPage(parts: VerificationParts, afterId: number, signal: AbortSignal): Promise<Page> {
  const { page } = sizesOf(parts.ground);
  const { states, isLast } = await retried(parts, signal, () =>
    parts.services.scanConcerts(afterId, page, parts.storeIds.concerts),
  );
  return { states, afterId, upTo: isLast ? Number.MAX_SAFE_INTEGER : (states.at(-1)?.id ?? afterId), isLast };
}

/** Compares a page of concerts; to the suspects it adds what differs, with what the services have. @returns the live ones */
async function firstLook(
  parts: VerificationParts,
  { composer, page, suspects }: { composer: Composer; page: Page; suspects: Map<number, State | undefined> },
  signal: AbortSignal,
): Promise<number> {
  const [entries, index] = await Promise.all([
    retried(parts, signal, () => composer.ofStates(page.states, signal)),
    entriesBetween(parts, page, signal),
  ]);
  const expected = new Map(entries.map((entry) => [entry.id, stateOf(entry)]));
  for (const [id, found] of index) {
    if (!isSame(expected.get(id), found)) suspects.set(id, expected.get(id));
    expected.delete(id);
  }
  for (const [id, state] of expected) if (state.isLive) suspects.set(id, state);
  return entries.filter((entry) => !isTombstone(entry)).length;
}

async function secondLook(
  parts: VerificationParts,
  first: ReadonlyMap<number, State | undefined>,
  signal: AbortSignal,
): Promise<Difference[]> {
  if (first.size === 0) return [];
  await pause(parts.ground, SECOND_LOOK_MS, signal);
  const { page } = sizesOf(parts.ground);
  const differences: Difference[] = [];
  const ids = [...first.keys()].sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += page) {
    const some = ids.slice(start, start + page);
    const index = await entriesOf(parts, some, signal);
    // Read after the index, so that it can never be beyond them: with parts that were read after it, too.
    const composer = new Composer(parts.ground, parts.services, parts.storeIds);
    const entries = await retried(parts, signal, () => composer.ofIds(some, signal));
    const services = new Map(entries.map((entry) => [entry.id, stateOf(entry)]));
    for (const id of some) {
      const kind = differenceOf(index.get(id), first.get(id), services.get(id));
      if (kind) differences.push({ id, kind, services: services.get(id)?.versions, index: index.get(id)?.versions });
    }
  }
  return differences;
}

/** Those of some ids, ascending: one reading finds all that lie close together. */
async function entriesOf(parts: VerificationParts, ids: readonly number[], signal: AbortSignal): Promise<Map<number, State>> {
  const { page } = sizesOf(parts.ground);
  const found = new Map<number, State>();
  for (let left = ids; left[0] !== undefined; ) {
    const afterId = left[0] - 1;
    const entries = await retried(parts, signal, () => parts.indices.entriesAfter(parts.index, afterId, page));
    for (const { id, versions, isLive } of entries) found.set(id, { versions, isLive });
    const reached = entries.length < page ? Number.MAX_SAFE_INTEGER : (entries.at(-1)?.id ?? 0);
    left = left.filter((id) => id > reached);
  }
  return found;
}

/** @param before what the services had at the first look @param now what they have after the index was read */
function differenceOf(
  index: State | undefined,
  before: State | undefined,
  now: State | undefined,
): Difference['kind'] | undefined {
  if (index && now && numberOf(index) > numberOf(now)) return 'newer';
  // The services have what they had and more: where the sum is the same, each version is.
  if (index?.isLive && now?.isLive && numberOf(index) === numberOf(now) && !isSame(now, index)) return 'newer';
  const isUpToDate = index !== undefined && (before === undefined || numberOf(index) >= numberOf(before));
  // Deleted just now, perhaps: then it was there before.
  if (!now?.isLive) return index?.isLive && !(before?.isLive && isUpToDate) ? 'extra' : undefined;
  // Made just now, perhaps: then it was not there before.
  if (!index?.isLive) return before?.isLive ? 'missing' : undefined;
  return isUpToDate ? undefined : 'older';
}

const numberOf = ({ versions }: State): number => composedVersion(versions);

/** A tombstone and nothing are the same to who searches. */
const isSame = (services: State | undefined, index: State): boolean =>
  services?.isLive ? index.isLive && hasSameVersions(services, index) : !index.isLive;

const hasSameVersions = ({ versions: a }: State, { versions: b }: State): boolean =>
  a.concert === b.concert && a.band === b.band && a.venue === b.venue && a.event === b.event;

const stateOf = (entry: IndexEntry): State => ({ versions: entry.versions, isLive: !isTombstone(entry) });

/** What search finds between two ids. */
async function entriesBetween(
  parts: VerificationParts,
  { afterId, upTo }: Pick<Page, 'afterId' | 'upTo'>,
  signal: AbortSignal,
): Promise<Map<number, State>> {
  const { page } = sizesOf(parts.ground);
  const found = new Map<number, State>();
  for (let after = afterId; ; ) {
    const entries = await retried(parts, signal, () => parts.indices.entriesAfter(parts.index, after, page));
    for (const { id, versions, isLive } of entries) if (id <= upTo) found.set(id, { versions, isLive });
    const last = entries.at(-1);
    if (!last || entries.length < page || last.id >= upTo || found.size >= MAX_FOUND) return found;
    after = last.id;
  }
}

const retried = <T>({ ground }: VerificationParts, signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
  untilDone(ground, 'comparing the index with the services', signal, work);
