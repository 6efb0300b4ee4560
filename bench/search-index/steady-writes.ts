import { randomUUID } from 'node:crypto';
import type { Exchange } from '../kills/client.js';
import type { Write } from '../kills/writes.js';

/** Later than any date of a generated world, and as many minutes apart as there are writes. */
const FIRST_DATE = Date.UTC(2040, 0, 1);
const MINUTE_MS = 60_000;

/** Writes that must all succeed: concerts of parts that are there, each on a date of its own. */
export class SteadyWrites {
  readonly #created: number[] = [];
  #made = 0;

  /** @param parts how many there are of each; their ids count from 1 */
  constructor(private readonly parts: { bands: number; venues: number }) {}

  create(): Write {
    const date = this.#date();
    const [band, venue] = [{ id: 1 + (this.#made % this.parts.bands) }, { id: 1 + (this.#made % this.parts.venues) }];
    return {
      key: randomUUID(),
      verb: 'create',
      kind: 'concerts',
      method: 'POST',
      path: '/concerts',
      body: { band, venue, date },
    };
  }

  /** Two creates, then a new date for one that was created before. */
  next(): Write {
    const id = this.#made % 3 === 2 ? this.#created.shift() : undefined;
    if (id === undefined) return this.create();
    const change = { verb: 'patch', kind: 'concerts', method: 'PATCH' } as const;
    return { ...change, key: randomUUID(), path: `/concerts/${id}`, id, ifMatch: '*', body: { date: this.#date() } };
  }

  take({ write, answer }: Exchange): void {
    if (write.verb === 'create' && answer.status === 201) this.#created.push(idIn(answer.text));
  }

  #date(): number {
    this.#made += 1;
    return FIRST_DATE + this.#made * MINUTE_MS;
  }
}

/** The id in the answer to a create. */
export function idIn(text: string): number {
  const { id }: { id: number } = JSON.parse(text);
  return id;
}
