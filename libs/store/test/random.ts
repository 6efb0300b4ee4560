import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random choices that are the same for the same seed. */
export class Random {
  private readonly bits;

  constructor(seed: number) {
    this.bits = xoroshiro128plus(seed);
  }

  /** An integer from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return uniformInt(this.bits, low, high);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.between(1, times) === 1;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** So many of them, some perhaps more than once. */
  some<T>(items: readonly T[], count: number): T[] {
    return Array.from({ length: count }, () => this.pick(items));
  }
}
