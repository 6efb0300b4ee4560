import { type Change, MAX_CHANGES_PER_CALL } from '#contracts';
import type { Feed } from '../src/index.js';
import { soon } from './place.js';

type Readable = Pick<Feed<unknown>, 'head' | 'changes'>;

/** One who reads a feed and keeps the newest state of each that he is told of. */
export class FeedReader {
  readonly told: Change<unknown>[] = [];
  readonly held = new Map<number, Change<unknown>>();
  isAtEnd = false;

  private constructor(
    private readonly feed: Readable,
    public cursor: string,
  ) {}

  /** One who begins at the present end of a feed. */
  static async atHead(feed: Readable): Promise<FeedReader> {
    const { cursor } = await feed.head({}, soon());
    return new FeedReader(feed, cursor);
  }

  /** Reads on. @throws Error when the states of one come in another order than that of its versions */
  async read(limit = MAX_CHANGES_PER_CALL, waitMs = 0): Promise<Change<unknown>[]> {
    const { items, cursor, isAtEnd } = await this.feed.changes({ after: this.cursor, limit, waitMs }, soon());
    for (const change of items) {
      const before = this.held.get(change.id)?.version ?? 0;
      if (change.version <= before) throw new Error(`${change.id} came with version ${change.version} after ${before}`);
      this.held.set(change.id, change);
    }
    this.told.push(...items);
    this.cursor = cursor;
    this.isAtEnd = isAtEnd;
    return items;
  }

  async readToEnd(nextLimit: () => number = () => MAX_CHANGES_PER_CALL): Promise<this> {
    do await this.read(nextLimit());
    while (!this.isAtEnd);
    return this;
  }

  /** What he holds, by id. */
  get states(): Change<unknown>[] {
    return [...this.held.values()].toSorted((a, b) => a.id - b.id);
  }

  /** What he was told last of each, in that order: who reads later is told no more. */
  get newest(): Change<unknown>[] {
    return this.told.filter((change) => this.held.get(change.id) === change);
  }
}

/** Everything that is there, page by page. */
export async function scanned(feed: Pick<Feed<unknown>, 'scan'>, limit = MAX_CHANGES_PER_CALL): Promise<Change<unknown>[]> {
  const all: Change<unknown>[] = [];
  for (;;) {
    const last = all.at(-1);
    const { items } = await feed.scan({ limit, ...(last && { afterId: last.id }) }, soon());
    all.push(...items);
    if (items.length < limit) return all;
  }
}
