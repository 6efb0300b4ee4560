import type { UpsertOutcome } from '#contracts';
import { Fault } from '#problem';

/** No version may pass this: the composed version of a joined concert would no longer be exact in a double. */
const MAX_VERSION = 2 ** 24;

/** A row of an upsert: its id, if it has one, its natural key, if its kind has one, and all its fields with defaults. */
export interface PlannedRow {
  id: number | undefined;
  key: string | undefined;
  fields: Readonly<Record<string, unknown>>;
}

/**
 * A record while an upsert is planned. `twin` says that another record holds its natural key. It has no id yet when it
 * is new and its row had none.
 */
export interface PlannedRecord extends PlannedRow {
  version: number;
  twin: boolean;
  /** Whether there was such a record before. */
  stored: boolean;
}

interface PlannedOutcome {
  record: PlannedRecord;
  outcome: UpsertOutcome['outcome'];
  keyHolder: PlannedRecord | undefined;
}

export interface UpsertPlan {
  /** What is to be written, in the order in which the rows first change it. */
  writes: PlannedRecord[];
  /** What became of each row. */
  outcomes: PlannedOutcome[];
}

/**
 * What an upsert does, row by row: a row finds a record by its id, or else by its natural key. The first record to have
 * a key keeps it; another one that comes with an id of its own and the same key is kept as its twin.
 * @param stored the records that any row names by id or whose natural key it has
 */
export function planUpsert(rows: readonly PlannedRow[], stored: readonly PlannedRecord[]): UpsertPlan {
  const byId = new Map(stored.map((record) => [record.id, record]));
  const holders = new Map(stored.filter(({ key, twin }) => key !== undefined && !twin).map((record) => [record.key, record]));
  const writes = new Set<PlannedRecord>();
  const outcomes = rows.map((row): PlannedOutcome => {
    const holder = holders.get(row.key);
    const known = row.id === undefined ? holder : byId.get(row.id);
    const keyHolder = holder === known ? undefined : holder;
    if (known && isSame(known, row)) return { record: known, outcome: 'unchanged', keyHolder };
    const record = known ?? { ...row, version: 0, twin: false, stored: false };
    if (holders.get(record.key) === record) holders.delete(record.key);
    Object.assign(record, { key: row.key, fields: row.fields, version: nextVersion(record), twin: keyHolder !== undefined });
    if (row.key !== undefined && !keyHolder) holders.set(row.key, record);
    if (row.id !== undefined) byId.set(row.id, record);
    writes.add(record);
    return { record, outcome: known ? 'updated' : 'created', keyHolder };
  });
  return { writes: [...writes], outcomes };
}

const isSame = (a: PlannedRow, b: PlannedRow): boolean => JSON.stringify(a.fields) === JSON.stringify(b.fields);

function nextVersion({ id, version }: PlannedRecord): number {
  if (version >= MAX_VERSION) throw new Fault('Conflict', `the record ${id} has reached the last version there can be`);
  return version + 1;
}
