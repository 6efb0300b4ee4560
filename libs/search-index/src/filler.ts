import type { BulkWriter } from './bulk-writer.js';
import { Composer } from './composer.js';
import { type IndexEntry, isTombstone } from './concert-index.js';
import type { Lease } from './lease.js';
import { type OwnerServices, storeIdsOf } from './owner-services.js';
import { type Ground, untilDone } from './patience.js';
import type { Refresher } from './refresher.js';
import { sizesOf } from './sizes.js';

/** Pages that are written while the next is read. */
const PAGES_AT_ONCE = 2;

interface FillerParts {
  ground: Ground;
  services: OwnerServices;
  writer: BulkWriter;
  refresher: Refresher;
  lease: Lease;
  /** Older tombstones are left out: the index forgets them at this age, and nobody needs them. */
  tombstonesKeptMs(): number;
}

/**
 * Brings every concert that there is into the index, from the one behind the last that is known to be in it. The next page
 * is read while some are written. What changes meanwhile is in the feeds, behind the places that were taken before.
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
    const { ground, services, lease, refresher } = this.#parts;
    const composer = new Composer(ground, services, storeIdsOf(lease.checkpoint.feeds));
    const writing: Promise<void>[] = [];
    for (let afterId = lease.checkpoint.filling?.afterId; afterId !== undefined; ) {
      const { entries, lastId } = await this.#page(composer, afterId, signal);
      if (writing.length >= PAGES_AT_ONCE) await writing.shift();
      const written = this.#write(entries, lastId, writing.at(-1), signal);
      // A failure is told when it is waited for.
      written.catch(() => undefined);
      writing.push(written);
      afterId = lastId;
    }
    await Promise.all(writing);
    await refresher.findable(signal);
    lease.update({ filling: null });
  }

  /** Notes a page as done when those before it are, too. It need not be findable for that: the refresh comes at the end. */
  async #write(
    entries: readonly IndexEntry[],
    lastId: number | undefined,
    before: Promise<void> | undefined,
    signal: AbortSignal,
  ) {
    const { lease, writer } = this.#parts;
    await Promise.all([writer.write(entries, signal), before]);
    this.done += entries.length;
    if (lastId !== undefined) lease.update({ filling: { afterId: lastId } });
  }

  async #page(
    composer: Composer,
    afterId: number,
    signal: AbortSignal,
  ): Promise<{ entries: IndexEntry[]; lastId: number | undefined }> {
    const { ground, services, lease, tombstonesKeptMs } = this.#parts;
    const { page } = sizesOf(ground);
    return untilDone(ground, 'reading all concerts', signal, async () => {
      const { states, isLast } = await services.scanConcerts(afterId, page, lease.checkpoint.feeds.concerts.storeId);
      const entries = await composer.ofStates(states, signal);
      const oldest = ground.clock.now() - tombstonesKeptMs();
      const lastId = isLast ? undefined : states.at(-1)?.id;
      return { entries: entries.filter((entry) => !isTombstone(entry) || entry.deletedAt > oldest), lastId };
    });
  }
}
