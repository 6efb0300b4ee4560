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
 * A record while an upsert is planned. `twin` says that another record held its natural key when it was written. It has
 * no id yet when it is new and its row had none.
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
  /** What is to be written; the order does not matter, since no record takes a natural key that another one gives up. */
  writes: PlannedRecord[];
  /** What became of each row, as far as the plan goes: of one row at least. */
  outcomes: PlannedOutcome[];
}

/**
 * What an upsert does, row by row: a row finds a record by its id, or else by its natural key. The first record to have
 * a key holds it; another one that comes with an id of its own and the same key is kept as its twin. When the holder is
 * given another key, the twin with the lowest id holds the key from then on. Only the store can tell which that is, so a
 * plan ends before a row whose key an earlier one gave up: it belongs to a plan of its own, made when this one is
 * written.
 * @param stored the records that any row names by id, and of each natural key of the rows the holder: the one that is no
 *   twin, or else the twin with the lowest id
 */
export function planUpsert(rows: readonly PlannedRow[], stored: readonly PlannedRecord[]): UpsertPlan {
  const byId = new Map(stored.map((record) => [record.id, record]));
  const holders = new Map(
    stored
      .filter(({ key }) => key !== undefined)
      .toSorted(byClaim)
      .map((record) => [record.key, record]),
  );
  const freed = new Set<string | undefined>();
  const writes = new Set<PlannedRecord>();
  const planRow = (row: PlannedRow): PlannedOutcome => {
    const holder = holders.get(row.key);
    if (holder?.twin) writes.add(Object.assign(holder, { twin: false }));
    const known = row.id === undefined ? holder : byId.get(row.id);
    const keyHolder = holder === known ? undefined : holder;
    if (known && isSame(known, row)) return { record: known, outcome: 'unchanged', keyHolder };
    const record = known ?? { ...row, version: 0, twin: false, stored: false };
    if (record.key !== row.key && holders.get(record.key) === record) freed.add(record.key);
    Object.assign(record, { key: row.key, fields: row.fields, version: nextVersion(record), twin: keyHolder !== undefined });
    if (row.key !== undefined && !keyHolder) holders.set(row.key, record);
    if (row.id !== undefined) byId.set(row.id, record);
    writes.add(record);
    return { record, outcome: known ? 'updated' : 'created', keyHolder };
  };
  const outcomes: PlannedOutcome[] = [];
  for (const row of rows) {
    if (freed.has(row.key)) break;
    outcomes.push(planRow(row));
  }
  return { writes: [...writes], outcomes };
}

/** The one with the best claim to a key comes last, where it replaces the others in a map. */
const byClaim = (a: PlannedRecord, b: PlannedRecord): number => Number(b.twin) - Number(a.twin) || (b.id ?? 0) - (a.id ?? 0);

const isSame = (a: PlannedRow, b: PlannedRow): boolean => JSON.stringify(a.fields) === JSON.stringify(b.fields);

function nextVersion({ id, version }: PlannedRecord): number {
  if (version >= MAX_VERSION) throw new Fault('Conflict', `the record ${id} has reached the last version there can be`);
  return version + 1;
}

/** The largest id that comes with any of the rows, or 0: new ones must be above it. */
export const largestId = (rows: readonly PlannedRow[]): number => rows.reduce((max, { id = 0 }) => Math.max(max, id), 0);

/** The id of a record of a plan, once all have theirs. */
export function idOf({ id }: PlannedRecord): number {
  if (id === undefined) throw new TypeError('a record was not given its id');
  return id;
}
