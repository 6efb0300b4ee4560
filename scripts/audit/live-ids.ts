import type { ServiceName } from '#config';
import type { Stores } from './stored.js';

/** Ids that are remembered as live: 40 MB. */
const MAX_REMEMBERED = 1_000_000;

/** Which entities are live, of those that others refer to: again and again the same ones. */
export class LiveIds {
  readonly #live = new Map<ServiceName, Set<number>>();
  #remembered = 0;

  constructor(private readonly stores: Stores) {}

  /** @returns of those that are not live, what they are instead */
  async missing(kind: ServiceName, ids: ReadonlySet<number>): Promise<Map<number, 'is deleted' | 'is not there'>> {
    const live = this.#ofKind(kind);
    const unknown = [...ids].filter((id) => !live.has(id));
    if (unknown.length === 0) return new Map();
    const found = await this.stores.entities[kind].byIds(unknown);
    for (const { id, isDeleted } of found) if (!isDeleted) live.add(id);
    this.#remembered += found.length;
    const deleted = new Set(found.map(({ id }) => id));
    return new Map(
      unknown.filter((id) => !live.has(id)).map((id) => [id, deleted.has(id) ? 'is deleted' : 'is not there'] as const),
    );
  }

  #ofKind(kind: ServiceName): Set<number> {
    if (this.#remembered > MAX_REMEMBERED) {
      this.#live.clear();
      this.#remembered = 0;
    }
    const known = this.#live.get(kind) ?? new Set();
    this.#live.set(kind, known);
    return known;
  }
}
