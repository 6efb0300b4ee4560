import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Feed } from '#store';

type Purgeable = Pick<Feed<unknown>, 'purgeTombstones'>;

/** A service that starts has others to serve first, and one that dies every few minutes must still come to it. */
const FIRST_PURGE_AFTER_MS = 60_000;
const PURGE_INTERVAL_MS = 3_600_000;
/** Forgotten in one transaction: a few milliseconds, which writers in between do not notice. */
const PURGE_BATCH = 500;
const PURGE_TIMEOUT_MS = 10_000;

/**
 * Forgets what was deleted longer ago than the retention: soon after the start, and then every hour, until it is ended. A
 * purge that fails is logged, and the next one takes what it has left.
 * @returns ends it
 */
export function purgeHourly(feed: Purgeable, retentionMs: number, logger: Logger): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const purging = async () => {
    for (let pauseMs = FIRST_PURGE_AFTER_MS; ; pauseMs = PURGE_INTERVAL_MS) {
      await sleep(pauseMs, undefined, { signal, ref: false });
      try {
        const purged = await purgeAll(feed, Date.now() - retentionMs, signal);
        if (purged > 0) logger.info({ purged }, `forgot ${purged} that were deleted long ago`);
      } catch (err) {
        if (!signal.aborted) logger.error({ err }, 'what was deleted long ago could not be purged; the next try is in an hour');
      }
    }
  };
  // It ends by the signal alone.
  purging().catch(() => undefined);
  return () => ending.abort();
}

async function purgeAll(feed: Purgeable, before: number, signal: AbortSignal): Promise<number> {
  let purged = 0;
  while (!signal.aborted) {
    const some = await feed.purgeTombstones({ before, limit: PURGE_BATCH }, { deadline: Date.now() + PURGE_TIMEOUT_MS });
    purged += some;
    if (some < PURGE_BATCH) break;
  }
  return purged;
}
