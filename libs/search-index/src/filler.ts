import type { BulkWriter } from './bulk-writer.js';
import { atLeastNothing, type Composer } from './composer.js';
import { type IndexEntry, isTombstone } from './concert-index.js';
import type { Lease } from './lease.js';
import type { OwnerServices } from './owner-services.js';
import { type Ground, untilAborted, untilDone } from './patience.js';
import type { Refresher } from './refresher.js';

/** Concerts of one reading: as many as a bulk takes. */
const PAGE = 1_000;

interface FillerParts {
  ground: Ground;
  services: OwnerServices;
  composer: Composer;
  writer: BulkWriter;
  refresher: Refresher;
  lease: Lease;
  /** Tombstones of before are left out: the index forgets them at this age, and nobody needs them. */
  tombstonesKeptMs: number;
}

/**
 * Brings every concert that there is into the index, from the one behind the last that is known to be in it. The next page
 * is read while one is written. What changes meanwhile is in the feeds, behind the places that were taken before.
 */
export class Filler {
  /** Concerts that were brought in. */
  done = 0;
  readonly #parts: FillerParts;

  constructor(parts: FillerParts) {
    this.#parts = parts;
  }

  /** @throws IndexGone, StoreChanged, StateGone */
  async run(signal: AbortSignal): Promise<void> {
    const { lease, refresher, writer } = this.#parts;
    let writing: Promise<void> = Promise.resolve();
    for (let afterId = lease.checkpoint.filling?.afterId; afterId !== undefined; ) {
      const { entries, lastId } = await this.#page(afterId, signal);
      await writing;
      writing = writer.write(entries, signal).then(() => {
        this.done += entries.length;
        if (lastId !== undefined) refresher.whenFindable(() => lease.update({ filling: { afterId: lastId } }));
      });
      // Who waits for it may be told to stop before it fails.
      writing.catch(() => undefined);
      afterId = lastId;
    }
    await writing;
    await untilAborted(signal, (resolve) => {
      refresher.whenFindable(resolve);
      return () => undefined;
    });
    signal.throwIfAborted();
    lease.update({ filling: null });
  }

  async #page(afterId: number, signal: AbortSignal): Promise<{ entries: IndexEntry[]; lastId: number | undefined }> {
    const { ground, services, composer, lease, tombstonesKeptMs } = this.#parts;
    return untilDone(ground, 'reading all concerts', signal, async () => {
      const states = await services.scanConcerts(afterId, PAGE, lease.checkpoint.feeds.concerts.storeId);
      const entries = await composer.ofStates(states, atLeastNothing(), signal);
      const oldest = ground.clock.now() - tombstonesKeptMs;
      const lastId = states.length < PAGE ? undefined : states.at(-1)?.id;
      return { entries: entries.filter((entry) => !isTombstone(entry) || entry.deletedAt > oldest), lastId };
    });
  }
}
