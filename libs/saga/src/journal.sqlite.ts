import type { SQLInputValue } from 'node:sqlite';
import { numberOf, SqliteStore, textOf } from '#database';
import type { Json } from './asl/json.js';
import type { HistoryEvent } from './asl/step.js';
import {
  type ClaimRequest,
  COUNTED_AT_MOST,
  type Execution,
  type ExecutionCounts,
  type ExecutionPage,
  type ExecutionStatus,
  type Journal,
  type Transition,
  type Within,
} from './journal.js';
import { EXECUTION_COLUMNS, executionRow, type JournalWrites } from './journal-writes.sqlite.js';
import { fromStored, toStored } from './stored-execution.js';

// Times are of type real: a delay that is reckoned need not be whole milliseconds.
const MIGRATIONS = [
  `
  create table executions (
    id text primary key, caller text, key text, status text not null, owner text not null, due_at real,
    failing_since real, ended_at real, revision integer not null, writer text not null, rest text not null
  ) strict;
  create unique index executions_key on executions (caller, key);
  create index executions_due on executions (due_at) where status = 'RUNNING';
  create index executions_failing on executions (failing_since) where status = 'RUNNING';
  create index executions_by_status on executions (status, id);
  create index executions_ended on executions (ended_at) where ended_at is not null;
  create table history (
    execution text not null, position integer not null, event text not null, primary key (execution, position)
  ) strict, without rowid;
  create table definitions (hash text primary key, source text not null) strict;
  `,
];

/** The journal in an embedded store. An execution whose key went over to a later one has none any more. */
export class SqliteJournal implements Journal {
  private constructor(private readonly store: SqliteStore<JournalWrites>) {}

  /** @throws CannotStart with one line when the file is damaged, cannot be opened, or is from a newer version */
  static async open(path: string): Promise<SqliteJournal> {
    const module = new URL('./journal-thread.sqlite.js', import.meta.url);
    return new SqliteJournal(await SqliteStore.open<JournalWrites>(MIGRATIONS, { path, module, data: undefined }));
  }

  async saveDefinition({ hash, source }: { hash: string; source: Json }, { deadline }: Within): Promise<void> {
    await this.store.writer.run('saveDefinition', { hash, source: JSON.stringify(source) }, deadline);
  }

  async definition(hash: string, { deadline }: Within): Promise<Json | undefined> {
    const [found] = this.store.reader.read(deadline, 'select source from definitions where hash = ?', hash);
    return found && JSON.parse(textOf(found['source']));
  }

  async begin(execution: Execution, events: readonly HistoryEvent[], { deadline }: Within) {
    const { id, startedAt, idempotencyKey } = execution;
    const { caller, key } = idempotencyKey;
    const request = { id, caller, key, startedAt, stored: toStored(execution), history: texts(events) };
    const holder = await this.store.writer.run('begin', request, deadline);
    return holder ? { execution: fromStored(holder), begun: false } : { execution, begun: true };
  }

  write({ execution, append, rewrite }: Transition, { deadline }: Within): Promise<boolean> {
    const transition = {
      id: execution.id,
      stored: toStored(execution),
      append: texts(append),
      rewrite: rewrite && { index: rewrite.index, event: JSON.stringify(rewrite.event) },
    };
    return this.store.writer.run('write', transition, deadline);
  }

  async claim(request: ClaimRequest, { deadline }: Within): Promise<Execution[]> {
    return (await this.store.writer.run('claim', request, deadline)).map(fromStored);
  }

  async read(id: string, { deadline }: Within): Promise<Execution | undefined> {
    return this.executions(deadline, 'where id = ?', id)[0];
  }

  async history({ id, from, limit }: { id: string; from: number; limit: number }, { deadline }: Within): Promise<HistoryEvent[]> {
    const sql = 'select event from history where execution = ? and position >= ? order by position limit ?';
    return this.store.reader.read(deadline, sql, id, from, limit).map(({ event }): HistoryEvent => JSON.parse(textOf(event)));
  }

  async list({ status, after, limit }: ExecutionPage, { deadline }: Within): Promise<Execution[]> {
    const conditions = [...(status === undefined ? [] : ['status = ?']), ...(after === undefined ? [] : ['id < ?'])];
    const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
    const values = [status, after].filter((value) => value !== undefined);
    return this.executions(deadline, `${where} order by id desc limit ?`, ...values, limit);
  }

  async counts({ failingBefore }: { failingBefore: number }, { deadline }: Within): Promise<ExecutionCounts> {
    const ofStatus = (status: ExecutionStatus) => this.count(deadline, 'status = ?', status);
    return {
      byStatus: {
        RUNNING: ofStatus('RUNNING'),
        SUCCEEDED: ofStatus('SUCCEEDED'),
        FAILED: ofStatus('FAILED'),
        ABORTED: ofStatus('ABORTED'),
      },
      failing: this.count(deadline, `status = 'RUNNING' and failing_since < ?`, failingBefore),
    };
  }

  removeEnded(request: { before: number; limit: number }, { deadline }: Within): Promise<number> {
    return this.store.writer.run('removeEnded', request, deadline);
  }

  async ping({ deadline }: Within): Promise<void> {
    this.store.reader.read(deadline, 'select 1 from store');
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private executions(deadline: number, clauses: string, ...values: SQLInputValue[]): Execution[] {
    const rows = this.store.reader.read(deadline, `select ${EXECUTION_COLUMNS} from executions ${clauses}`, ...values);
    return rows.map((row) => fromStored(executionRow(row)));
  }

  private count(deadline: number, condition: string, value: SQLInputValue): number {
    const sql = `select count(*) as counted from (select 1 from executions where ${condition} limit ${COUNTED_AT_MOST})`;
    const [found] = this.store.reader.read(deadline, sql, value);
    return numberOf(found?.['counted']);
  }
}

const texts = (events: readonly HistoryEvent[]): string[] => events.map((event) => JSON.stringify(event));
