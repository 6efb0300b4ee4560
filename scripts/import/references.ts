import type { KindName } from './kinds.js';

/** Two generations of this many ids for each of three kinds are some 30 MB at the most, and hold any tour or festival's. */
const GENERATION_IDS = 100_000;

/** Which of the ids exist, of at most `MAX_IDS_PER_CALL`. */
type LookUp = (kind: KindName, ids: number[]) => Promise<readonly number[]>;

/** Ids that are known to exist. It remembers the ones lately used, in memory that is bounded. */
export class KnownIds {
  readonly #lookUp: LookUp;
  readonly #recent = new Map<KindName, RecentIds>();

  constructor(lookUp: LookUp) {
    this.#lookUp = lookUp;
  }

  add(kind: KindName, id: number): void {
    this.#of(kind).add(id);
  }

  /** Those of the ids that no record has; the services are asked only about what is not remembered. */
  async missing(kind: KindName, ids: ReadonlySet<number>): Promise<Set<number>> {
    const recent = this.#of(kind);
    const asked = new Set([...ids].filter((id) => !recent.has(id)));
    if (asked.size === 0) return asked;
    for (const id of await this.#lookUp(kind, [...asked])) {
      recent.add(id);
      asked.delete(id);
    }
    return asked;
  }

  #of(kind: KindName): RecentIds {
    return this.#recent.getOrInsertComputed(kind, () => new RecentIds());
  }
}

/** A set that forgets what was not used while the last 100,000 others came. */
class RecentIds {
  #young = new Set<number>();
  #old = new Set<number>();

  has(id: number): boolean {
    if (this.#young.has(id)) return true;
    if (!this.#old.has(id)) return false;
    this.add(id);
    return true;
  }

  add(id: number): void {
    this.#young.add(id);
    if (this.#young.size < GENERATION_IDS) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
