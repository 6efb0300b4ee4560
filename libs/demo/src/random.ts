import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The parts of a world, each with a stream of numbers of its own, so that one more band does not move a venue. */
const streams = ['bands', 'cities', 'venues', 'happenings'] as const;

/** Random numbers of all the shapes a world needs, always the same for one seed and stream. */
export class Random {
  readonly #bits;

  constructor(seed: number, stream: (typeof streams)[number]) {
    this.#bits = xoroshiro128plus(seed);
    for (let i = 0; i <= streams.indexOf(stream); i++) this.#bits.jump();
  }

  /** At least 0, less than 1. */
  fraction(): number {
    return uniformFloat64(this.#bits);
  }

  /** An integer from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return uniformInt(this.#bits, low, high);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.fraction())) * Math.cos(2 * Math.PI * this.fraction());
  }

  /** @throws RangeError if there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    return at(items, this.between(0, items.length - 1));
  }
}

/** Draws indexes with probabilities in proportion to weights. */
export class Lottery {
  readonly #upTo: Float64Array;

  constructor(weights: readonly number[]) {
    let sum = 0;
    this.#upTo = Float64Array.from(weights, (weight) => (sum += weight));
  }

  draw(random: Random): number {
    const upTo = this.#upTo;
    const ticket = random.fraction() * (upTo.at(-1) ?? 0);
    let low = 0;
    let high = upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] ?? 0) > ticket) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The weights of `count` ranks by Zipf's law: the first rank 1, rank k 1 / k^exponent. */
export const zipf = (count: number, exponent: number): number[] =>
  Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent);

/** @throws RangeError if the list has no such index, which is a mistake of the caller */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index} among ${items.length}`);
  return item;
}
