import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import type { ServiceName } from '#config';
import { numberOf, textOf } from '#database';
import {
  CannotAudit,
  ENTITY_PAGE_SIZE,
  type EntityStore,
  EXECUTION_PAGE_SIZE,
  type ExecutionStore,
  type StoreFault,
} from './stored.js';
import type { RawEntity } from './stored-entity.js';
import { parsed, type RawExecution } from './stored-execution.js';

type Row = Record<string, SQLOutputValue>;

/** The schemas that are known here; earlier ones lack what is to be looked at. */
const ENTITY_SCHEMA = 3;
const JOURNAL_SCHEMA = 1;
/** A service copies its log of writes into the file now and then, for a moment. */
const BUSY_TIMEOUT_MS = 5_000;
/** Damages of one file that SQLite names. */
const MAX_DAMAGES = 100;

/** The store of a kind of entity in a folder, and what closes it. @throws CannotAudit */
export function openSqliteEntities(dataDir: string, kind: ServiceName): { store: EntityStore; close(): void } {
  const file = new SqliteFile(join(dataDir, `${kind}.sqlite`), ENTITY_SCHEMA);
  return { store: new SqliteEntityStore(kind, file), close: () => file.close() };
}

/** The journal in a folder, and what closes it. @throws CannotAudit */
export function openSqliteExecutions(dataDir: string): { store: ExecutionStore; close(): void } {
  const file = new SqliteFile(join(dataDir, 'orchestrator.sqlite'), JOURNAL_SCHEMA);
  return { store: new SqliteExecutionStore(file), close: () => file.close() };
}

/** A file that is read while its service may write to it: each reading sees one state of it, and holds nobody up. */
class SqliteFile {
  readonly #db: DatabaseSync;

  /** @throws CannotAudit */
  constructor(
    readonly path: string,
    schema: number,
  ) {
    if (!existsSync(path)) throw new CannotAudit(`there is no store ${path}`);
    try {
      this.#db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      const version = this.all('pragma user_version')[0]?.['user_version'];
      if (version === schema) return;
      throw new CannotAudit(`the store ${path} has schema version ${String(version)}; this audit knows version ${schema}`);
    } catch (error) {
      if (error instanceof CannotAudit) throw error;
      throw new CannotAudit(`the store ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#db.prepare(sql).all(...values);
  }

  /** A fault for each id that a query finds. */
  faults(sql: string, fault: Omit<StoreFault, 'id'>): StoreFault[] {
    return this.all(sql).map(({ id }) => ({ ...fault, id: typeof id === 'string' ? id : numberOf(id) }));
  }

  /** What SQLite finds wrong with the file, of which a part may be unreadable. */
  damages(): StoreFault[] {
    return this.all(`pragma integrity_check(${MAX_DAMAGES})`)
      .map(({ integrity_check }) => textOf(integrity_check))
      .filter((damage) => damage !== 'ok')
      .map((what) => ({ sort: 'torn', what }));
  }

  close(): void {
    this.#db.close();
  }
}

class SqliteEntityStore implements EntityStore {
  readonly form = 'columns';
  readonly #live: string;

  constructor(
    private readonly kind: ServiceName,
    private readonly file: SqliteFile,
  ) {
    this.#live = kind === 'venues' ? VENUES : `select * from ${kind}`;
  }

  async *pages(): AsyncIterable<RawEntity[]> {
    yield* this.#pagesOf(this.#live, liveIn);
    yield* this.#pagesOf('select * from tombstones', deletedIn);
  }

  async byIds(ids: readonly number[]): Promise<RawEntity[]> {
    const json = JSON.stringify(ids);
    const among = 'where id in (select value from json_each(?))';
    return [
      ...this.file.all(`${this.#live} ${among}`, json).map(liveIn),
      ...this.file.all(`select * from tombstones ${among}`, json).map(deletedIn),
    ];
  }

  async faults(): Promise<StoreFault[]> {
    const { kind, file } = this;
    const isBoth = `select id from ${kind} join tombstones using (id)`;
    const hasNoVenue = 'select id from venue_positions where id not in (select id from venues)';
    return [
      ...file.damages(),
      ...this.#counterFaults(),
      ...file.faults(isBoth, { sort: 'doubled', what: 'it is both live and deleted' }),
      ...file.faults(SAME_KEY[kind], { sort: 'doubled', what: 'an earlier one is live under the same key' }),
      ...file.faults(FENCED[kind], { sort: 'doubled', what: 'it is live under a key that a deleted one keeps' }),
      ...(kind === 'venues' ? file.faults(hasNoVenue, { sort: 'torn', what: 'it has a position and is not there' }) : []),
    ];
  }

  *#pagesOf(select: string, read: (row: Row) => RawEntity): Iterable<RawEntity[]> {
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = this.file.all(`${select} where id > ? order by id limit ?`, after, ENTITY_PAGE_SIZE);
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(read);
      after = numberOf(last['id']);
    }
  }

  /** One statement, which sees one state. */
  #counterFaults(): StoreFault[] {
    const [row] = this.file.all(
      `select next_id, records, (select count(*) from ${this.kind}) as live,
        max((select coalesce(max(id), 0) from ${this.kind}), (select coalesce(max(id), 0) from tombstones)) as largest
      from store`,
    );
    if (!row) return [{ sort: 'torn', what: 'the store has no counters' }];
    const { next_id, records, live, largest } = row;
    const faults: StoreFault[] = [];
    if (records !== live) faults.push({ sort: 'torn', what: `${records} are counted, and ${live} are there` });
    if (numberOf(next_id) <= numberOf(largest))
      faults.push({ sort: 'torn', what: `the next id is ${next_id}, and ${largest} is given already` });
    return faults;
  }
}

function liveIn({ id, document, saga, twin, ...beside }: Row): RawEntity {
  const record = parsed(document);
  const isObject = typeof record === 'object' && record !== null;
  return {
    id: numberOf(id),
    isDeleted: false,
    version: isObject ? Reflect.get(record, 'version') : undefined,
    document: isObject ? record : undefined,
    saga: sagaIn(saga),
    twin,
    beside,
  };
}

const deletedIn = ({ id, version, saga, twin }: Row): RawEntity => {
  return { id: numberOf(id), isDeleted: true, version, document: undefined, saga: sagaIn(saga), twin, beside: {} };
};

const sagaIn = (saga: unknown): unknown => (saga === null ? undefined : (parsed(saga) ?? saga));

// The tree holds 32-bit floats, rounded outwards: they must enclose the position, whose exact numbers stand beside them.
const VENUES = `
  select * from (
    select venues.*, latitude, longitude,
      south <= latitude and latitude <= north and west <= longitude and longitude <= east as isInBox
    from venues left join venue_positions using (id)
  )`;

const sameKey = (table: string, columns: string, condition = 'a.twin = 0 and b.twin = 0') =>
  `select a.id from ${table} a join ${table} b using (${columns}) where a.id > b.id and ${condition}`;

/** Two that both have a natural key for themselves. */
const SAME_KEY: Record<ServiceName, string> = {
  bands: sameKey('bands', 'key'),
  venues: sameKey('venues', 'key'),
  events: sameKey('events', 'key'),
  concerts: sameKey('concerts', 'band_id, venue_id, date'),
};

const fenced = (table: string) =>
  `select ${table}.id from tombstones join ${table} on ${table}.key = tombstones.key and ${table}.twin = 0 where tombstones.twin = 0`;

/** A live one and a deleted one that both have a key for themselves. */
const FENCED: Record<ServiceName, string> = {
  bands: fenced('bands'),
  venues: fenced('venues'),
  events: fenced('events'),
  concerts: `
    select concerts.id from (select '[' || replace(key, '|', ',') || ']' as parts from tombstones where twin = 0)
    join concerts on band_id = parts ->> 0 and venue_id = parts ->> 1 and date = parts ->> 2 and concerts.twin = 0`,
};

class SqliteExecutionStore implements ExecutionStore {
  constructor(private readonly file: SqliteFile) {}

  async *pages(): AsyncIterable<RawExecution[]> {
    for (let after = ''; ; ) {
      const rows = this.file.all(`${EXECUTIONS} where id > ? order by id limit ?`, after, EXECUTION_PAGE_SIZE);
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(executionIn);
      after = textOf(last['id']);
    }
  }

  async byIds(ids: readonly string[]): Promise<RawExecution[]> {
    const among = 'where id in (select value from json_each(?))';
    return this.file.all(`${EXECUTIONS} ${among}`, JSON.stringify(ids)).map(executionIn);
  }

  async holderOf({ caller, key }: { caller: string; key: string }): Promise<RawExecution | undefined> {
    return this.file.all(`${EXECUTIONS} where caller = ? and key = ?`, caller, key).map(executionIn)[0];
  }

  async definitions(hashes: readonly string[]): Promise<string[]> {
    const sql = 'select hash from definitions where hash in (select value from json_each(?))';
    return this.file.all(sql, JSON.stringify(hashes)).map(({ hash }) => textOf(hash));
  }

  async faults(): Promise<StoreFault[]> {
    const sameRequest = sameKey('executions', 'caller, key', 'a.key is not null');
    return [
      ...this.file.damages(),
      ...this.file.faults(sameRequest, { sort: 'doubled', what: 'an earlier one has the same key of the same caller' }),
      ...this.file.faults(LINES_OF_NONE, { sort: 'torn', what: 'it has a history and is not there' }),
    ];
  }
}

const EXECUTIONS = 'select *, (select count(*) from history where execution = id) as lines from executions';
const LINES_OF_NONE = 'select distinct execution as id from history where execution not in (select id from executions)';

const executionIn = ({ id, rest, status, due_at, failing_since, ended_at, caller, key, lines }: Row): RawExecution => ({
  id: textOf(id),
  rest,
  status,
  dueAt: due_at,
  failingSince: failing_since,
  endedAt: ended_at,
  caller,
  key,
  lines: numberOf(lines),
});
