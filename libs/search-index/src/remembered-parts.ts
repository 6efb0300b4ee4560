import type { Change } from '#contracts';

/** Parts of one kind that are remembered: some ten megabytes, as records are. */
const MAX_REMEMBERED = 10_000;

/** Parts that were read, for as long as nothing is told of them. */
export class RememberedParts<R> {
  readonly #states = new Map<number, Change<R>>();

  get(id: number): Change<R> | undefined {
    return this.#states.get(id);
  }

  keep(states: ReadonlyMap<number, Change<R>>): void {
    // The oldest make room, whoever needed them last: parts are wanted again soon, or not at all.
    for (const id of this.#states.keys()) {
      if (this.#states.size + states.size <= MAX_REMEMBERED) break;
      this.#states.delete(id);
    }
    for (const [id, state] of states) this.#states.set(id, state);
  }

  /** Forgets a part that has another version: an older one is that of a part which was purged, and made again. */
  drop(id: number, version: number): void {
    if (this.#states.get(id)?.version !== version) this.#states.delete(id);
  }

  clear(): void {
    this.#states.clear();
  }
}
