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

/** Entries that the index never took: how many there are, and the ids of some. */
export interface PutAside {
  count: number;
  ids: number[];
}

/** What an index knows of how it is filled. It is a document of that index. */
export interface Checkpoint {
  /** Who fills it: its name, and which run of it. Nobody when it ended in peace. */
  leader: { name: string; run: string } | null;
  feeds: Record<ServiceName, FeedPosition>;
  jobs: FanOutJob[];
  /** While it is filled from empty: the last concert that is done. Without it, all that was there has been filled in. */
  filling?: { afterId: number };
  putAside: PutAside;
}
