import type { Json } from '../asl/json.js';
import type { HistoryEvent } from '../asl/step.js';
import {
  type ClaimRequest,
  type Execution,
  type ExecutionPage,
  executionStatuses,
  type Journal,
  type Transition,
} from '../journal.js';
import { fromStored, isKeySpent, type StoredExecution, toStored } from '../stored-execution.js';

/** A journal in memory, for a simulation: the same conditions as in a database, and each call is carried out at once. */
export class MemoryJournal implements Journal {
  readonly #stored = new Map<string, StoredExecution>();
  readonly #histories = new Map<string, HistoryEvent[]>();
  readonly #byKey = new Map<string, string>();
  readonly #definitions = new Map<string, Json>();

  /** @param onWrite told after each write of an execution */
  constructor(private readonly onWrite: (execution: Execution) => void = () => undefined) {}

  /** How many have not ended. */
  get running(): number {
    return [...this.#stored.values()].filter(({ status }) => status === 'RUNNING').length;
  }

  get executions(): Execution[] {
    return [...this.#stored.values()].map(fromStored);
  }

  idOfKey(caller: string, key: string): string | undefined {
    return this.#byKey.get(keyText(caller, key));
  }

  async saveDefinition({ hash, source }: { hash: string; source: Json }): Promise<void> {
    this.#definitions.set(hash, source);
  }

  async definition(hash: string): Promise<Json | undefined> {
    return this.#definitions.get(hash);
  }

  async begin(execution: Execution, events: readonly HistoryEvent[]) {
    const { caller, key } = execution.idempotencyKey;
    const holder = this.#find(this.idOfKey(caller, key));
    if (holder && !isKeySpent(holder, execution.startedAt)) return { execution: holder, begun: false };
    this.#stored.set(execution.id, toStored(execution));
    this.#histories.set(execution.id, [...events]);
    this.#byKey.set(keyText(caller, key), execution.id);
    this.onWrite(execution);
    return { execution, begun: true };
  }

  async write({ execution, append, rewrite }: Transition): Promise<boolean> {
    if (this.#stored.get(execution.id)?.revision !== execution.revision - 1) return false;
    const history = this.#histories.get(execution.id) ?? [];
    history.push(...append);
    if (rewrite) history[rewrite.index] = rewrite.event;
    this.#stored.set(execution.id, toStored(execution));
    this.onWrite(execution);
    return true;
  }

  async claim({ owner, now, leaseUntil, limit, own, writer }: ClaimRequest): Promise<Execution[]> {
    const isClaimable = (stored: StoredExecution) =>
      stored.status === 'RUNNING' &&
      stored.dueAt !== null &&
      (stored.dueAt <= now || (own && stored.owner === owner && stored.writer !== writer));
    const due = [...this.#stored].filter(([, stored]) => isClaimable(stored));
    const taken = due.toSorted(([, a], [, b]) => (a.dueAt ?? 0) - (b.dueAt ?? 0)).slice(0, limit);
    return taken.map(([id, stored]) => {
      const claimed = { ...stored, owner, dueAt: leaseUntil, revision: stored.revision + 1, writer };
      this.#stored.set(id, claimed);
      return fromStored(claimed);
    });
  }

  async read(id: string): Promise<Execution | undefined> {
    return this.#find(id);
  }

  async history({ id, from, limit }: { id: string; from: number; limit: number }): Promise<HistoryEvent[]> {
    return (this.#histories.get(id) ?? []).slice(from, from + limit);
  }

  async list({ status, after, limit }: ExecutionPage): Promise<Execution[]> {
    const listed = this.executions.filter(
      (execution) => (status === undefined || execution.status === status) && (after === undefined || execution.id < after),
    );
    return listed.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
  }

  async counts({ failingBefore }: { failingBefore: number }) {
    const all = this.executions;
    const count = (status: string) => all.filter((execution) => execution.status === status).length;
    const [running, succeeded, failed, aborted] = executionStatuses;
    const isFailing = ({ status, failingSince }: Execution) =>
      status === running && failingSince !== null && failingSince < failingBefore;
    return {
      byStatus: { RUNNING: count(running), SUCCEEDED: count(succeeded), FAILED: count(failed), ABORTED: count(aborted) },
      failing: all.filter(isFailing).length,
    };
  }

  async removeEnded({ before, limit }: { before: number; limit: number }): Promise<number> {
    const old = this.executions.filter(({ endedAt }) => endedAt !== null && endedAt < before).slice(0, limit);
    for (const { id, idempotencyKey } of old) {
      this.#stored.delete(id);
      this.#histories.delete(id);
      if (this.idOfKey(idempotencyKey.caller, idempotencyKey.key) === id)
        this.#byKey.delete(keyText(idempotencyKey.caller, idempotencyKey.key));
    }
    return old.length;
  }

  async ping(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  #find(id: string | undefined): Execution | undefined {
    const stored = id === undefined ? undefined : this.#stored.get(id);
    return stored && fromStored(stored);
  }
}

const keyText = (caller: string, key: string): string => JSON.stringify([caller, key]);
