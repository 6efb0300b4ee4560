import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../kills/client.js';
import type { IndexedSystem } from './indexed-system.js';
import { idIn } from './steady-writes.js';

const POLL_MS = 20;
/** Elasticsearch refuses more ids in one query. */
const MAX_AWAITED = 10_000;

/** Measures how long it takes from the answer to a create until a search in Elasticsearch finds the concert. */
export class Visibility {
  readonly delaysMs: number[] = [];
  /** When each that is not found yet was answered, by its id: epoch milliseconds. */
  readonly #awaited = new Map<number, number>();
  readonly #polling: Promise<void>;
  #isOver = false;

  constructor(private readonly system: IndexedSystem) {
    this.#polling = this.#poll();
  }

  take({ write, answer, answeredAt }: Exchange): void {
    if (write.verb === 'create' && answer.status === 201) this.#awaited.set(idIn(answer.text), answeredAt);
  }

  /** Waits for those that are not found yet. @returns the ids of those that are not found in time */
  async end(timeoutMs: number): Promise<number[]> {
    for (const deadline = Date.now() + timeoutMs; this.#awaited.size > 0 && Date.now() < deadline; ) await sleep(POLL_MS);
    this.#isOver = true;
    await this.#polling;
    return [...this.#awaited.keys()];
  }

  async #poll(): Promise<void> {
    while (!this.#isOver) {
      const ids = [...this.#awaited.keys()].slice(0, MAX_AWAITED);
      const found = ids.length > 0 ? await this.#found(ids) : [];
      const now = Date.now();
      for (const id of found) {
        this.delaysMs.push(now - (this.#awaited.get(id) ?? now));
        this.#awaited.delete(id);
      }
      await sleep(POLL_MS);
    }
  }

  async #found(ids: number[]): Promise<number[]> {
    const { hits } = await this.system.search.search({
      index: this.system.alias,
      query: { terms: { id: ids } },
      size: ids.length,
      _source: false,
      docvalue_fields: ['id'],
    });
    return hits.hits.map(({ fields }) => Number(fields?.['id']?.[0]));
  }
}
