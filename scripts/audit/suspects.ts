import type { ServiceName } from '#config';
import type { Say } from './findings.js';
import { executionOf, hasFailed, isDelete, type Known } from './steps.js';
import type { StoredEntity } from './stored-entity.js';
import type { StoredExecution } from './stored-execution.js';

interface Suspect {
  kind: ServiceName;
  id: number;
  /** The first version of its present life. */
  since: number;
  /** What made it. */
  execution: string;
}

/** An entity that failed executions alone have made is rare; what would not fit is passed over. */
const MAX_SUSPECTS = 100_000;

/**
 * Entities that stay although all that is known to have made or changed them has failed. Each is an orphan, unless an
 * execution that succeeded names it in its output, or one that runs may be about to.
 *
 * What cannot be told: who pinned an entity is not stored. An import that found it as it was while the failed execution
 * held it leaves no trace, and its entity looks like an orphan. Of executions that the journal no longer has nothing is
 * known, so that what began before the retention of executions is passed over, as is what an unknown one had a part in.
 */
export class Suspects {
  readonly #suspects = new Map<string, Suspect>();

  /** @param knownSince executions that began since then are in the journal for certain (epoch milliseconds) */
  constructor(private readonly knownSince: number) {}

  add(kind: ServiceName, { id, version, isDeleted, saga }: StoredEntity, known: Known): void {
    if (isDeleted || !saga.pinned || this.#suspects.size >= MAX_SUSPECTS) return;
    const { lastSteps } = saga;
    const lastDelete = lastSteps.findLastIndex(({ stepKey }) => {
      const execution = executionOf(known, stepKey);
      return execution && isDelete(execution) && execution.status === 'SUCCEEDED';
    });
    const life = lastSteps.slice(lastDelete + 1);
    const [first] = life;
    if (!first) return;
    const isWhole = first.version === (lastSteps[lastDelete]?.version ?? 0) + 1 && version - first.version === life.length - 1;
    const makers = life.map(({ stepKey }) => executionOf(known, stepKey));
    const [maker] = makers;
    if (!isWhole || !maker || !makers.every(hasFailed) || maker.startedAt < this.knownSince) return;
    this.#suspects.set(placeOf(kind, id), { kind, id, since: first.version, execution: maker.id });
  }

  /** One that succeeded names it. */
  clear(kind: ServiceName, id: unknown, version: number): void {
    const place = placeOf(kind, id);
    const suspect = this.#suspects.get(place);
    if (suspect && version >= suspect.since) this.#suspects.delete(place);
  }

  /** One that runs may have held whatever its cursor has the id of. */
  clearHeldBy({ cursor }: StoredExecution): void {
    if (this.#suspects.size === 0) return;
    const ids = new Set([...JSON.stringify(cursor ?? null).matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id)));
    for (const [place, { id }] of this.#suspects) if (ids.has(id)) this.#suspects.delete(place);
  }

  sayAll(say: Say): void {
    const what = 'an execution that failed made it, and none that succeeded names it';
    for (const { kind, id, execution } of this.#suspects.values()) say({ sort: 'orphaned', kind, id, what, execution });
  }
}

const placeOf = (kind: ServiceName, id: unknown): string => `${kind}/${id}`;
