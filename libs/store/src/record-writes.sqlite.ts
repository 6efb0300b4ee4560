import type { UpsertOutcome } from '#contracts';
import { numberOf, type SqliteDatabase } from '#database';
import { Fault, type WireFault } from '#problem';
import { SqliteEntities } from './entities.sqlite.js';
import { largestId } from './ids.js';
import type { SqliteKind } from './kind.sqlite.js';
import type { Decision } from './participant.js';
import type { Purge } from './port.js';
import { decided, type Step, type StepName, stepsOf } from './steps.js';
import { outcomeOf, type PlannedRow, planUpsert } from './upsert-plan.js';

/** What the thread that writes a kind of record is asked for. */
export type RecordOperations<V> = {
  upsert(rows: readonly (V & { id?: number })[]): UpsertOutcome[];
  /** A call of the participant protocol. What it refuses may be something that it has to write down. */
  step(call: { name: StepName; request: never }): StepOutcome;
  /** @returns how many were purged */
  purge(purge: Purge): number;
};

type StepOutcome = { answer: unknown } | { refusal: WireFault };

export function recordOperations<R extends V, V>(db: SqliteDatabase, kind: SqliteKind<R, V>): RecordOperations<V> {
  const entities = new SqliteEntities(db, kind);
  const steps = stepsOf(kind);
  return {
    upsert: (rows) =>
      upsert(
        entities,
        rows.map((row) => ({ id: row.id, key: kind.key?.(row), fields: kind.complete(row) })),
      ),
    step: ({ name, request }) => {
      const step = steps[name](request);
      const { writes, answer, found } = decideOn(entities, step);
      const added = writes.find(({ id }) => id === undefined);
      entities.write(entities.withIds(writes), found);
      return outcomeOfStep(() => answer(added?.id ?? 0));
    },
    purge: (request) => purge(db, request),
  };
}

function outcomeOfStep(answer: () => unknown): StepOutcome {
  try {
    return { answer: answer() };
  } catch (error) {
    if (error instanceof Fault) return { refusal: error.toWire() };
    throw error;
  }
}

/** What a step comes to, with what is stored now. */
export function decideOn<R extends V, V>(entities: SqliteEntities<R, V>, step: Step) {
  const found = entities.find(step.of);
  const [entity] = found;
  const newKey = entity && step.newKey?.(entity);
  const sameNewKey = newKey === undefined ? [] : entities.find({ key: newKey });
  const decision: Decision<unknown> = decided(step, { found, sameNewKey }, entities.now);
  return { ...decision, found: [...found, ...sameNewKey] };
}

function upsert<R extends V, V>(entities: SqliteEntities<R, V>, rows: readonly PlannedRow[]): UpsertOutcome[] {
  const largestGiven = largestId(rows);
  const outcomes: UpsertOutcome[] = [];
  while (outcomes.length < rows.length) {
    const rest = rows.slice(outcomes.length);
    const found = storedFor(entities, rest);
    const plan = planUpsert(rest, found, entities.now);
    entities.write(entities.withIds(plan.writes, largestGiven), found);
    outcomes.push(...plan.outcomes.map(outcomeOf));
  }
  return outcomes;
}

function purge(db: SqliteDatabase, { before, limit }: Purge): number {
  const old = 'select id from tombstones where written_at < ? limit ?';
  const purged = db.prepare(`delete from tombstones where id in (${old}) returning seq`).all(before, limit);
  const last = purged.reduce((largest, { seq }) => Math.max(largest, seq === null ? 0 : numberOf(seq)), 0);
  db.prepare('update feed set purged_seq = max(purged_seq, ?)').run(last);
  return purged.length;
}

function storedFor<R extends V, V>(entities: SqliteEntities<R, V>, rows: readonly PlannedRow[]) {
  const byIds = entities.byIds(rows.map(({ id }) => id).filter((id) => id !== undefined));
  const byKeys = entities.byKeys(rows.map(({ key }) => key).filter((key) => key !== undefined));
  return [...new Map([...byIds, ...byKeys].map((entity) => [entity.id, entity])).values()];
}
