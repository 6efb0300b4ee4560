import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The first values of a generator still look like its seed. */
const VALUES_TO_SKIP = 3;

/**
 * Random choices that depend on a seed and a name alone. What is decided under one name stays the same whatever else is
 * left out of a run, so that a run can be made smaller without becoming another one.
 */
export class Draw {
  readonly #bits;

  constructor(seed: number, name: string) {
    this.#bits = xoroshiro128plus(hashOf(seed, name));
    for (let skipped = 0; skipped < VALUES_TO_SKIP; skipped++) this.#bits.next();
  }

  /** An integer from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return uniformInt(this.#bits, low, high);
  }

  within([low, high]: readonly [low: number, high: number]): number {
    return this.between(low, high);
  }

  chance(probability: number): boolean {
    return (this.#bits.next() >>> 0) / 2 ** 32 < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** Picks by weights. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.between(
      1,
      items.reduce((sum, [weight]) => sum + weight, 0),
    );
    const found = items.find(([weight]) => {
      left -= weight;
      return left <= 0;
    });
    if (!found) throw new RangeError('there is nothing to pick from');
    return found[1];
  }
}

/** FNV-1a over the name, then the finalizer of MurmurHash3, without which names that are alike have values that are alike. */
function hashOf(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
