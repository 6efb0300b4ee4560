import { numberOf, type SqliteDatabase, textOf } from '#database';
import type { ClaimRequest, IdempotencyKey } from './journal.js';
import { fromStored, isKeySpent, type StoredExecution } from './stored-execution.js';

/** An execution to be kept, unless its key is taken. */
export interface NewExecution extends Pick<IdempotencyKey, 'caller' | 'key'> {
  id: string;
  startedAt: number;
  stored: StoredExecution;
  /** A JSON text a line, like those below. */
  history: string[];
}

/** A transition in the form of the tables. */
export interface StoredTransition {
  id: string;
  stored: StoredExecution;
  append: string[];
  rewrite: { index: number; event: string } | undefined;
}

/** The part of a row that an execution is made of again, and its columns. */
export type ExecutionRow = Parameters<typeof fromStored>[0];
export const EXECUTION_COLUMNS = 'owner, due_at, revision, writer, rest';
export const executionRow = (row: Record<string, unknown>): ExecutionRow => ({
  owner: textOf(row['owner']),
  dueAt: row['due_at'] === null ? null : numberOf(row['due_at']),
  revision: numberOf(row['revision']),
  writer: textOf(row['writer']),
  rest: textOf(row['rest']),
});

export type JournalWrites = ReturnType<typeof journalWrites>;

/** The writes of a journal in SQLite, each of which is carried out whole or not at all. */
export function journalWrites(db: SqliteDatabase) {
  return { saveDefinition, begin, write, claim, removeEnded };

  function saveDefinition({ hash, source }: { hash: string; source: string }): void {
    db.prepare('insert into definitions (hash, source) values (?, ?) on conflict do nothing').run(hash, source);
  }

  /** @returns the execution that has the key; undefined when the new one is kept */
  function begin({ id, caller, key, startedAt, stored, history }: NewExecution): ExecutionRow | undefined {
    const found = db.prepare(`select ${EXECUTION_COLUMNS} from executions where caller = ? and key = ?`).get(caller, key);
    if (found) {
      const holder = executionRow(found);
      if (!isKeySpent(fromStored(holder), startedAt)) return holder;
      db.prepare('update executions set caller = null, key = null where caller = ? and key = ?').run(caller, key);
    }
    db.prepare(
      `insert into executions (
        id, caller, key, status, owner, due_at, failing_since, ended_at, revision, writer, rest
      ) values (
        :id, :caller, :key, :status, :owner, :dueAt, :failingSince, :endedAt, :revision, :writer, :rest
      )`,
    ).run({ ...stored, id, caller, key });
    append(id, history);
    return undefined;
  }

  /** @returns whether the revision before was there */
  function write({ id, stored, append: lines, rewrite }: StoredTransition): boolean {
    const { changes } = db
      .prepare(
        `update executions set
          status = :status, owner = :owner, due_at = :dueAt, failing_since = :failingSince, ended_at = :endedAt,
          revision = :revision, writer = :writer, rest = :rest
        where id = :id and revision = :revision - 1`,
      )
      .run({ ...stored, id });
    if (changes === 0) return false;
    append(id, lines);
    if (rewrite) {
      const { index, event } = rewrite;
      db.prepare('update history set event = ? where execution = ? and position = ?').run(event, id, index);
    }
    return true;
  }

  function claim({ owner, now, leaseUntil, limit, own, writer }: ClaimRequest): ExecutionRow[] {
    const claimable = own ? '(due_at <= :now or owner = :owner and writer <> :writer)' : 'due_at <= :now';
    const found = db
      .prepare(
        `select id, ${EXECUTION_COLUMNS} from executions indexed by executions_due
        where status = 'RUNNING' and ${claimable} order by due_at limit :limit`,
      )
      .all({ now, limit, ...(own && { owner, writer }) });
    const lease = db.prepare('update executions set owner = ?, due_at = ?, revision = revision + 1, writer = ? where id = ?');
    return found.map((row) => {
      lease.run(owner, leaseUntil, writer, textOf(row['id']));
      const before = executionRow(row);
      return { ...before, owner, dueAt: leaseUntil, revision: before.revision + 1, writer };
    });
  }

  function removeEnded({ before, limit }: { before: number; limit: number }): number {
    const removed = db
      .prepare(
        `delete from executions where id in (select id from executions where ended_at < ? order by ended_at limit ?)
        returning id`,
      )
      .all(before, limit);
    const forget = db.prepare('delete from history where execution = ?');
    for (const { id } of removed) forget.run(textOf(id));
    return removed.length;
  }

  function append(id: string, events: readonly string[]): void {
    const last = db.prepare('select max(position) as position from history where execution = ?').get(id)?.['position'] ?? -1;
    const line = db.prepare('insert into history (execution, position, event) values (?, ?, ?)');
    for (const [index, event] of events.entries()) line.run(id, numberOf(last) + 1 + index, event);
  }
}
