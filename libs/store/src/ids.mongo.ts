import type { Collection } from 'mongodb';
import { MAX_ID } from '#contracts';
import type { MongoDatabase } from '#database';

/** The one document that every store has, as far as it counts the ids of records. */
interface IdCounter {
  _id: 'store';
  /** The lowest id that was never given; 1 when it is missing. */
  nextId?: number;
}

/** The counter of the public ids of a kind of record. */
export class MongoIds {
  private readonly counters: Collection<IdCounter>;
  /** The counter is at least here: it only ever rises. */
  private nextIdAtLeast = 1;

  constructor(db: MongoDatabase) {
    this.counters = db.collection('store');
  }

  /**
   * Takes new ids from the counter, never one that was given before, all above `above`. Durable before it returns, and
   * outside any transaction: what is not used stays unused.
   * @returns the first of `count`, which are consecutive; nothing when so many are not left
   */
  async take(count: number, above: number): Promise<number | undefined> {
    if (count === 0 && above < this.nextIdAtLeast) return this.nextIdAtLeast;
    if (above + count > MAX_ID) return undefined;
    const first = { $max: ['$nextId', above + 1] };
    const before = await this.counters.findOneAndUpdate(
      { _id: 'store', nextId: { $not: { $gt: MAX_ID + 1 - count } } },
      [{ $set: { nextId: { $add: [first, count] } } }],
      { returnDocument: 'before' },
    );
    if (!before) return undefined;
    const taken = Math.max(before.nextId ?? 1, above + 1);
    this.nextIdAtLeast = taken + count;
    return taken;
  }
}
