import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random numbers that are the same for one seed, so that a failure can be had again. */
export class Random {
  readonly #bits;

  constructor(seed: number) {
    this.#bits = xoroshiro128plus(seed);
  }

  /** At least 0, less than 1. */
  fraction = (): number => uniformFloat64(this.#bits);

  /** An integer from `low` to `high`, both possible. */
  between = (low: number, high: number): number => uniformInt(this.#bits, low, high);

  chance = (probability: number): boolean => this.fraction() < probability;

  /** Within `spread` of the middle. */
  around = (middle: number, spread: number): number => middle + (2 * this.fraction() - 1) * spread;

  /** @throws RangeError when there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    const picked = items[this.between(0, items.length - 1)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  some<T>(items: readonly T[], atMost: number): T[] {
    return Array.from({ length: this.between(1, atMost) }, () => this.pick(items));
  }
}
