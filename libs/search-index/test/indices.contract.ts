import { beforeEach, describe, expect, test } from '@jest/globals';
import { CheckpointConflict, type ConcertIndices, composedVersion, type FoundEntry, IndexGone } from '../src/concert-index.js';
import { nameOfIndex, nextIndexName } from '../src/index-definition.js';
import { checkpointOf, liveEntry, NOW, tombstone } from './entries.js';

/** What the contract must know of indices beside the port. */
export interface IndicesUnderTest {
  /** None are there yet. */
  indices: ConcertIndices;
  /** What their names begin with. */
  alias: string;
  /** Lets so much time pass that the versions of what was removed are forgotten. */
  forgetRemoved(name: string): Promise<void>;
}

const MAX_VERSION = 2 ** 24;
const WRITTEN = { outcome: 'written' };
const NEWER = { outcome: 'newer' };
/** More than there are. */
const ALL = 1_000;

/** What holds for every way to keep the indices. */
export function indicesContract(newIndices: () => Promise<IndicesUnderTest>): void {
  let indices: ConcertIndices;
  let alias = '';
  let forgetRemoved: IndicesUnderTest['forgetRemoved'];
  let first = '';
  let second = '';
  beforeEach(async () => {
    ({ indices, alias, forgetRemoved } = await newIndices());
    [first, second] = [nameOfIndex(alias, 1), nameOfIndex(alias, 2)];
  });

  /** What a search finds after a refresh. */
  async function found(name: string): Promise<FoundEntry[]> {
    await indices.refresh(name);
    return indices.entriesAfter(name, 0, ALL);
  }

  describe('indices', () => {
    test('there are none at first, and no alias', async () => {
      expect(await indices.names()).toEqual([]);
      expect(await indices.current()).toBeUndefined();
    });

    test('a new one is empty and not behind the alias', async () => {
      expect(await indices.create(first)).toBe(true);
      expect(await indices.names()).toEqual([first]);
      expect(await indices.current()).toBeUndefined();
      expect(await indices.entriesAfter(first, 0, ALL)).toEqual([]);
      expect(await indices.readCheckpoint(first)).toBeUndefined();
    });

    test('of two who make one of the same name, one does', async () => {
      const made = await Promise.all([indices.create(first), indices.create(first), indices.create(first)]);
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await indices.create(first)).toBe(false);
    });

    test('making one that is there changes nothing of it', async () => {
      await indices.create(first);
      await indices.write(first, [liveEntry(1)]);
      await indices.create(first);
      expect(await found(first)).toHaveLength(1);
    });

    test('they are listed from the oldest to the newest', async () => {
      const names = [10, 2, 9].map((count) => nameOfIndex(alias, count));
      for (const name of names) await indices.create(name);
      expect(await indices.names()).toEqual([2, 9, 10].map((count) => nameOfIndex(alias, count)));
      expect(nextIndexName(alias, await indices.names(), 5)).toBe(nameOfIndex(alias, 11));
      expect(nextIndexName(alias, await indices.names(), 12)).toBe(nameOfIndex(alias, 12));
    });

    test('the alias moves from one to another', async () => {
      await indices.create(first);
      await indices.create(second);
      await indices.swapTo(first);
      expect(await indices.current()).toBe(first);
      await indices.swapTo(second);
      await indices.swapTo(second);
      expect(await indices.current()).toBe(second);
    });

    test('while it moves, the alias names one at any time', async () => {
      await indices.create(first);
      await indices.create(second);
      await indices.swapTo(first);
      let isMoving = true;
      const seen = new Set<string | undefined>();
      const looking = (async () => {
        while (isMoving) {
          seen.add(await indices.current());
          await new Promise(setImmediate);
        }
      })();
      for (const name of [second, first, second, first, second]) await indices.swapTo(name);
      isMoving = false;
      await looking;
      expect([...seen].every((name) => name === first || name === second)).toBe(true);
    });

    test('the alias stays where it is when it shall move to one that is not there', async () => {
      await indices.create(first);
      await indices.swapTo(first);
      await expect(indices.swapTo(second)).rejects.toThrow(IndexGone);
      expect(await indices.current()).toBe(first);
    });

    test('to remove one twice is harmless, and takes the alias away', async () => {
      await indices.create(first);
      await indices.swapTo(first);
      await indices.remove(first);
      await indices.remove(first);
      expect(await indices.names()).toEqual([]);
      expect(await indices.current()).toBeUndefined();
    });

    test('nothing that comes late brings a removed one back', async () => {
      await indices.create(first);
      await indices.remove(first);
      const late = [
        () => indices.write(first, [liveEntry(1)]),
        () => indices.refresh(first),
        () => indices.readCheckpoint(first),
        () => indices.storeCheckpoint(first, checkpointOf('late'), undefined),
        () => indices.storeCheckpoint(first, checkpointOf('late'), { seqNo: 1, primaryTerm: 1 }),
        () => indices.entriesAfter(first, 0, ALL),
        () => indices.removeTombstones(first, NOW, ALL),
        () => indices.swapTo(first),
      ];
      for (const call of late) await expect(call()).rejects.toThrow(IndexGone);
      expect(await indices.names()).toEqual([]);
    });
  });

  describe('entries', () => {
    beforeEach(async () => {
      await indices.create(first);
    });

    test('none are written without any', async () => {
      expect(await indices.write(first, [])).toEqual([]);
    });

    test('they are found after a refresh, and not before', async () => {
      expect(await indices.write(first, [liveEntry(1), tombstone(2, 1)])).toEqual([WRITTEN, WRITTEN]);
      expect(await indices.entriesAfter(first, 0, ALL)).toEqual([]);
      expect(await found(first)).toEqual([
        { id: 1, versions: { concert: 1, band: 1, venue: 1, event: 1 }, isLive: true },
        { id: 2, versions: { concert: 1, band: 1, venue: 1, event: 1 }, isLive: false },
      ]);
      await indices.write(first, [tombstone(1, 2)]);
      expect(await indices.entriesAfter(first, 0, 1)).toMatchObject([{ id: 1, isLive: true }]);
      expect(await found(first)).toMatchObject([{ id: 1, isLive: false }, { id: 2 }]);
    });

    test('one without parts is as good as any other', async () => {
      const alone = {
        ...liveEntry(1),
        versions: { concert: 1, band: 0, venue: 0, event: 0 },
        band: null,
        venue: null,
        event: null,
      };
      const entry = { ...alone, concert: { ...alone.concert, eventId: null } };
      expect(await indices.write(first, [entry])).toEqual([WRITTEN]);
      expect(await found(first)).toEqual([{ id: 1, versions: entry.versions, isLive: true }]);
    });

    test('each has an outcome, in their order', async () => {
      await indices.write(first, [liveEntry(2, { concert: 5 })]);
      const entries = [liveEntry(1), liveEntry(2, { concert: 4 }), liveEntry(3), tombstone(2, 6), liveEntry(2, { concert: 5 })];
      expect(await indices.write(first, entries)).toEqual([WRITTEN, NEWER, WRITTEN, WRITTEN, NEWER]);
    });

    test('of two states the higher stays, and one that is equal is there already', async () => {
      await indices.write(first, [liveEntry(1, { band: 7 })]);
      expect(await indices.write(first, [liveEntry(1, { band: 6 })])).toEqual([NEWER]);
      expect(await indices.write(first, [liveEntry(1, { band: 7 })])).toEqual([NEWER]);
      expect(await found(first)).toMatchObject([{ versions: { band: 7 } }]);
    });

    test('versions are exact up to the highest', async () => {
      const highest = { concert: MAX_VERSION, band: MAX_VERSION, venue: MAX_VERSION, event: MAX_VERSION };
      const below = { ...highest, event: MAX_VERSION - 1 };
      expect(composedVersion(highest) - composedVersion(below)).toBe(1);
      expect(await indices.write(first, [liveEntry(1, below)])).toEqual([WRITTEN]);
      expect(await indices.write(first, [liveEntry(1, below)])).toEqual([NEWER]);
      expect(await indices.write(first, [liveEntry(1, highest)])).toEqual([WRITTEN]);
      expect(await indices.write(first, [liveEntry(1, below)])).toEqual([NEWER]);
      expect(await found(first)).toEqual([{ id: 1, versions: highest, isLive: true }]);
    });

    test('whatever the order of many writers, the highest state stays', async () => {
      const versions = [5, 12, 1, 9, 3, 11, 7, 2, 10, 4, 8, 6];
      await Promise.all(versions.map((concert) => indices.write(first, [liveEntry(1, { concert }), tombstone(2, concert)])));
      expect(await found(first)).toMatchObject([{ versions: { concert: 12 } }, { versions: { concert: 12 }, isLive: false }]);
    });

    test('an older state that comes after a delete does not bring the concert back, however late', async () => {
      await indices.write(first, [liveEntry(1, { concert: 1 }), tombstone(2, 5)]);
      await indices.write(first, [tombstone(1, 2)]);
      expect(await indices.write(first, [liveEntry(1, { concert: 1, band: 9 })])).toEqual([NEWER]);
      await forgetRemoved(first);
      expect(await indices.write(first, [liveEntry(1, { concert: 1, band: 9 }), liveEntry(2)])).toEqual([NEWER, NEWER]);
      expect(await found(first)).toMatchObject([{ isLive: false }, { isLive: false }]);
    });

    test('a concert that is made again after a delete is live', async () => {
      await indices.write(first, [tombstone(1, 2)]);
      expect(await indices.write(first, [liveEntry(1, { concert: 3 })])).toEqual([WRITTEN]);
      expect(await found(first)).toMatchObject([{ isLive: true, versions: { concert: 3 } }]);
    });

    test('they are listed by id, which is a number, page by page', async () => {
      const ids = [1_000, 9, 4_294_967_295, 99, 10];
      await indices.write(
        first,
        ids.map((id) => (id === 99 ? tombstone(id, 1) : liveEntry(id))),
      );
      await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      await indices.refresh(first);
      const pages: number[][] = [];
      for (let afterId = 0, page: FoundEntry[]; ; afterId = page.at(-1)?.id ?? 0) {
        page = await indices.entriesAfter(first, afterId, 2);
        pages.push(page.map(({ id }) => id));
        if (page.length < 2) break;
      }
      expect(pages).toEqual([[9, 10], [99, 1_000], [4_294_967_295]]);
    });

    test('each index has entries of its own', async () => {
      await indices.create(second);
      await indices.write(first, [liveEntry(1, { concert: 9 })]);
      expect(await indices.write(second, [liveEntry(1)])).toEqual([WRITTEN]);
      expect(await found(second)).toMatchObject([{ versions: { concert: 1 } }]);
      expect(await found(first)).toMatchObject([{ versions: { concert: 9 } }]);
    });
  });

  describe('old tombstones', () => {
    beforeEach(async () => {
      await indices.create(first);
    });

    test('only those that are old enough are removed', async () => {
      await indices.write(first, [liveEntry(1), tombstone(2, 1, NOW - 2), tombstone(3, 1, NOW - 1), tombstone(4, 1, NOW)]);
      await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      await indices.refresh(first);
      expect(await indices.removeTombstones(first, NOW - 1, ALL)).toBe(1);
      expect((await found(first)).map(({ id }) => id)).toEqual([1, 3, 4]);
      expect(await indices.readCheckpoint(first)).toBeDefined();
    });

    test('they are removed some at a time', async () => {
      await indices.write(
        first,
        [1, 2, 3, 4, 5].map((id) => tombstone(id, 1)),
      );
      for (const [removed, left] of [
        [2, 3],
        [2, 1],
        [1, 0],
        [0, 0],
      ]) {
        await indices.refresh(first);
        expect(await indices.removeTombstones(first, NOW + 1, 2)).toBe(removed);
        expect(await found(first)).toHaveLength(left ?? 0);
      }
    });

    test('one that was written again since search saw it stays as it is', async () => {
      await indices.write(first, [tombstone(1, 2), tombstone(2, 2)]);
      await indices.refresh(first);
      await indices.write(first, [liveEntry(1, { concert: 3 }), tombstone(2, 3)]);
      expect(await indices.removeTombstones(first, NOW + 1, ALL)).toBe(0);
      expect(await found(first)).toMatchObject([{ isLive: true }, { versions: { concert: 3 } }]);
    });

    test('what is removed stays removed, and is not removed twice', async () => {
      await indices.write(first, [tombstone(1, 2)]);
      await indices.refresh(first);
      expect(await indices.removeTombstones(first, NOW + 1, ALL)).toBe(1);
      expect(await indices.removeTombstones(first, NOW + 1, ALL)).toBe(0);
      expect(await found(first)).toEqual([]);
      expect(await found(first)).toEqual([]);
    });

    test('for a while after, an older state is refused', async () => {
      await indices.write(first, [tombstone(1, 2)]);
      await indices.refresh(first);
      await indices.removeTombstones(first, NOW + 1, ALL);
      expect(await indices.write(first, [liveEntry(1, { concert: 1 }), liveEntry(1, { concert: 2 })])).toEqual([NEWER, NEWER]);
      expect(await indices.write(first, [liveEntry(1, { concert: 3 })])).toEqual([WRITTEN]);
    });

    test('later, any state is taken', async () => {
      await indices.write(first, [tombstone(1, 2), tombstone(2, 2)]);
      await indices.refresh(first);
      await indices.removeTombstones(first, NOW + 1, ALL);
      await forgetRemoved(first);
      expect(await indices.write(first, [tombstone(1, 1), liveEntry(2)])).toEqual([WRITTEN, WRITTEN]);
      expect(await found(first)).toMatchObject([{ isLive: false }, { isLive: true }]);
    });
  });

  describe('the checkpoint', () => {
    beforeEach(async () => {
      await indices.create(first);
    });

    test('it is read as it was stored, at once', async () => {
      const position = await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      expect(await indices.readCheckpoint(first)).toEqual({ checkpoint: checkpointOf('a'), position });
      const changed = { ...checkpointOf('b'), leader: null, jobs: [] };
      const next = await indices.storeCheckpoint(first, changed, position);
      expect(await indices.readCheckpoint(first)).toEqual({ checkpoint: changed, position: next });
      expect(next).not.toEqual(position);
    });

    test('it is no entry', async () => {
      await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      expect(await found(first)).toEqual([]);
    });

    test('of several who store the first, one does', async () => {
      const results = await Promise.allSettled(
        ['a', 'b', 'c'].map((run) => indices.storeCheckpoint(first, checkpointOf(run), undefined)),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CheckpointConflict);
    });

    test('of several who store the next, one does, and it stays', async () => {
      const position = await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      const runs = ['b', 'c', 'd', 'e'];
      const results = await Promise.allSettled(runs.map((run) => indices.storeCheckpoint(first, checkpointOf(run), position)));
      const winners = runs.filter((_, at) => results[at]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect((await indices.readCheckpoint(first))?.checkpoint.leader?.run).toBe(winners[0]);
    });

    test('who knows an older one, or none, cannot store another', async () => {
      const old = await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      const position = await indices.storeCheckpoint(first, checkpointOf('b'), old);
      for (const known of [old, undefined])
        await expect(indices.storeCheckpoint(first, checkpointOf('c'), known)).rejects.toThrow(CheckpointConflict);
      expect(await indices.readCheckpoint(first)).toEqual({ checkpoint: checkpointOf('b'), position });
    });

    test('who knows one where there is none cannot store another', async () => {
      const known = { seqNo: 3, primaryTerm: 1 };
      await expect(indices.storeCheckpoint(first, checkpointOf('a'), known)).rejects.toThrow(CheckpointConflict);
      expect(await indices.readCheckpoint(first)).toBeUndefined();
    });

    test('each index has its own', async () => {
      await indices.create(second);
      await indices.storeCheckpoint(first, checkpointOf('a'), undefined);
      expect(await indices.readCheckpoint(second)).toBeUndefined();
      await indices.storeCheckpoint(second, checkpointOf('b'), undefined);
      expect((await indices.readCheckpoint(first))?.checkpoint.leader?.run).toBe('a');
    });
  });
}
