import type { ServiceName } from '#config';
import type { DateKey } from '#contracts';

/** How far an index has read the feed of one service. All times are epoch milliseconds of the indexer's clock. */
export interface FeedPosition {
  cursor: string;
  storeId: string;
  /** When the cursor was asked for. */
  takenAt: number;
  /** When the last answer that reached the end of the feed, and all of which search finds, was asked for; 0 for never. */
  endReadAt: number;
}

/** A part whose concerts are many: they are composed again page by page, beside all else. */
export interface FanOutJob {
  service: Exclude<ServiceName, 'concerts'>;
  id: number;
  version: number;
  /** The last concert that is done. */
  after?: DateKey;
  /** What `endReadAt` of its service was when it began: until it is done, search does not find all of what was read since. */
  endReadAt: number;
}

/** What an index knows of how it is filled. It is a document of that index. */
export interface Checkpoint {
  /** Who fills it: its name, and which run of it. Nobody when it ended in peace. */
  leader: { name: string; run: string } | null;
  feeds: Record<ServiceName, FeedPosition>;
  jobs: FanOutJob[];
  /** While all concerts are brought in: the last one that is done. Null when all that was there is in it. */
  filling: { afterId: number } | null;
  /** The ids of concerts that the index does not take as they are. */
  putAside: number[];
}

/**
 * All that was committed before this, search finds: epoch milliseconds, minus infinity while that is not known. What a feed
 * has brought since a job of its service began is not found everywhere until the job is done.
 */
export function completeUntil({ feeds, jobs, filling }: Checkpoint): number {
  const endReadAt = Math.min(...[...Object.values(feeds), ...jobs].map((one) => one.endReadAt));
  return filling || endReadAt === 0 ? Number.NEGATIVE_INFINITY : endReadAt;
}

/** How old what search finds may be; undefined while that is not known. */
export function dataAgeMs(checkpoint: Checkpoint): number | undefined {
  const ageMs = Date.now() - completeUntil(checkpoint);
  return Number.isFinite(ageMs) ? Math.max(0, ageMs) : undefined;
}
