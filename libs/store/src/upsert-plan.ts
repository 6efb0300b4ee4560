import type { UpsertOutcome } from '#contracts';
import { idOf } from './ids.js';
import {
  byClaim,
  type Draft,
  type Entity,
  imported,
  leftBehind,
  letGo,
  PINNED,
  takingOver,
  versionAfter,
} from './participant.js';

/** A row of an upsert: its id, if it has one, its natural key, if its kind has one, and all its fields with defaults. */
export interface PlannedRow {
  id: number | undefined;
  key: string | undefined;
  fields: Readonly<Record<string, unknown>>;
}

interface PlannedOutcome {
  /** It has no id yet when it is new and its row had none. */
  record: Draft;
  outcome: UpsertOutcome['outcome'];
  keyHolder: Draft | undefined;
}

export interface UpsertPlan {
  /** In an order in which they can be written. */
  writes: Draft[];
  /** What became of each row, as far as the plan goes: of one row at least. */
  outcomes: PlannedOutcome[];
}

/**
 * What an upsert does, row by row: a row finds a record by its id, or else by its natural key. The first record to have
 * a key holds it; another one that comes with an id of its own and the same key is kept as its twin. When the holder is
 * given another key, or is deleted, the twin with the lowest id holds the key from then on. Only the store can tell which
 * that is, so a plan ends before a row whose key an earlier one gave up: it belongs to a plan of its own, made when this
 * one is written. What was deleted comes to life again under its id, or leaves its key to the row that takes it.
 * @param stored the records that any row names by id, and of each natural key of the rows the one that is no twin; if
 *   that is deleted or missing, also the live twin with the lowest id
 */
export function planUpsert(rows: readonly PlannedRow[], stored: readonly Entity[], now: number): UpsertPlan {
  const plan = new Planning(stored, now);
  const outcomes: PlannedOutcome[] = [];
  for (const row of rows) {
    if (plan.freed.has(row.key)) break;
    outcomes.push(plan.planRow(row));
  }
  return { writes: plan.inOrder(), outcomes };
}

/** Its drafts are the records as they come to be while it goes from row to row. */
class Planning {
  readonly freed = new Set<string | undefined>();
  private readonly writes = new Set<Draft>();
  private readonly left: Draft[] = [];
  private readonly byId = new Map<number, Draft>();
  /** Whom a row means that has only a key. */
  private readonly holders = new Map<string, Draft>();
  /** The deleted ones that keep their key. */
  private readonly fences = new Map<string, Draft>();

  constructor(
    stored: readonly Entity[],
    private readonly now: number,
  ) {
    for (const entity of stored) {
      const { id, key, saga, twin } = entity;
      const record: Draft = { ...entity };
      this.byId.set(id, record);
      if (key === undefined || (saga.deleted && twin)) continue;
      if (saga.deleted) this.fences.set(key, record);
      const other = this.holders.get(key);
      if (!other || byClaim(record, other) < 0) this.holders.set(key, record);
    }
  }

  planRow(row: PlannedRow): PlannedOutcome {
    const holder = row.key === undefined ? undefined : this.holders.get(row.key);
    if (holder?.twin) this.takeKey(holder);
    const known = row.id === undefined ? holder : this.byId.get(row.id);
    const keyHolder = holder?.saga.deleted || holder === known ? undefined : holder;
    if (!known || known.saga.deleted) return { record: this.write(row, known, keyHolder), outcome: 'created', keyHolder };
    if (!isSame(known, row)) return { record: this.write(row, known, keyHolder), outcome: 'updated', keyHolder };
    if (!known.saga.pinned) {
      known.saga = imported(known.saga);
      this.writes.add(known);
    }
    return { record: known, outcome: 'unchanged', keyHolder };
  }

  /** No record takes a natural key that another one gives up; who must leave a key to another, as a twin, comes first. */
  inOrder(): Draft[] {
    const records = [...this.writes];
    return [...records.filter(({ twin }) => twin), ...records.filter(({ twin }) => !twin), ...this.left];
  }

  private write({ id, key: stated, fields }: PlannedRow, known: Draft | undefined, keyHolder: Draft | undefined): Draft {
    const record = known ?? { id, key: stated, twin: false, version: 0, fields, saga: PINNED };
    const key = stated ?? record.key;
    if (key !== record.key) this.leaveKey(record);
    Object.assign(record, { key, fields, version: versionAfter(record), saga: imported(record.saga) });
    record.twin = keyHolder !== undefined;
    if (id !== undefined) this.byId.set(id, record);
    if (!keyHolder) this.takeKey(record);
    this.writes.add(record);
    return record;
  }

  private leaveKey(record: Draft): void {
    if (record.key === undefined || record.twin) return;
    if (record.saga.holders.length > 0) record.saga = letGo(record.saga, this.now);
    this.left.push(...leftBehind(record));
    this.freed.add(record.key);
  }

  private takeKey(record: Draft): void {
    if (record.key === undefined) return;
    const fence = this.fences.get(record.key);
    if (fence && fence !== record) {
      fence.twin = true;
      this.writes.add(fence);
      Object.assign(record, takingOver(record, fence));
    }
    record.twin = false;
    this.fences.delete(record.key);
    this.holders.set(record.key, record);
    this.writes.add(record);
  }
}

/** What is told of a row once its record has an id. */
export const outcomeOf = ({ record, outcome, keyHolder }: PlannedOutcome): UpsertOutcome => {
  return { id: idOf(record), outcome, ...(keyHolder && { keyHolder: idOf(keyHolder) }) };
};

const isSame = (a: PlannedRow, b: PlannedRow): boolean => JSON.stringify(a.fields) === JSON.stringify(b.fields);
