import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Db, type Document, MongoClient } from 'mongodb';
import type { ServiceName } from '#config';

export type StoreName = ServiceName | 'orchestrator';
type Values = Readonly<Record<string, unknown>>;

/** Changes stores behind the back of their services. */
export interface Editor {
  /** Members of what an entity knows of executions. */
  saga(kind: ServiceName, id: number, members: Values): Promise<void>;
  version(kind: ServiceName, id: number, version: number): Promise<void>;
  remove(kind: ServiceName, id: number): Promise<void>;
  /** Takes away all but what a deleted one has. */
  bury(kind: ServiceName, id: number, version: number): Promise<void>;
  /** Members of the text of an execution. */
  told(execution: string, members: Values): Promise<void>;
  /** What stands beside that text: a column in SQLite, a field in MongoDB. */
  beside(execution: string, members: { status?: string; dueAt?: number; failingSince?: number }): Promise<void>;
  forgetDefinitions(): Promise<void>;
  /** The last line of a history. */
  forgetLine(execution: string): Promise<void>;
  /** Gives an execution the key of another one. */
  shareKey(execution: string, other: string): Promise<void>;
  nextId(kind: ServiceName, nextId: number): Promise<void>;
  /** Gives an entity a natural key, and the name that it comes from, that another one has. */
  shareName(kind: 'bands', id: number, other: number): Promise<void>;
}

const UNTOUCHED = { deleted: false, generation: 0, pinned: true, holders: [], released: [], retiring: null, lastSteps: [] };

export class SqliteEditor implements Editor {
  constructor(private readonly dataDir: string) {}

  /** @returns how many rows were changed by the last statement */
  run(store: StoreName, sql: string, ...values: SQLInputValue[]): void {
    const db = new DatabaseSync(join(this.dataDir, `${store}.sqlite`));
    try {
      const { changes } = db.prepare(sql).run(...values);
      if (changes === 0 && !sql.startsWith('drop')) throw new Error(`nothing was changed by: ${sql}`);
    } finally {
      db.close();
    }
  }

  async saga(kind: ServiceName, id: number, members: Values): Promise<void> {
    this.run(kind, `update ${kind} set saga = json_patch(coalesce(saga, ?), '{}') where id = ?`, JSON.stringify(UNTOUCHED), id);
    for (const [name, value] of Object.entries(members))
      this.run(
        kind,
        `update ${kind} set saga = json_set(saga, '$.' || ?, json(?)) where id = ?`,
        name,
        JSON.stringify(value),
        id,
      );
  }

  async version(kind: ServiceName, id: number, version: number): Promise<void> {
    this.run(kind, `update ${kind} set document = json_set(document, '$.version', ?) where id = ?`, version, id);
  }

  async remove(kind: ServiceName, id: number): Promise<void> {
    this.run(kind, `delete from ${kind} where id = ?`, id);
    this.run(kind, 'update store set records = records - 1');
    if (kind === 'venues') this.run(kind, 'delete from venue_positions where id = ?', id);
  }

  async bury(kind: ServiceName, id: number, version: number): Promise<void> {
    const saga = JSON.stringify({ ...UNTOUCHED, deleted: true, pinned: false, generation: 1 });
    await this.remove(kind, id);
    this.run(kind, 'insert into tombstones (id, twin, version, saga) values (?, 0, ?, ?)', id, version, saga);
  }

  async told(execution: string, members: Values): Promise<void> {
    for (const [name, value] of Object.entries(members)) {
      const sql = `update executions set rest = json_set(rest, '$.' || ?, json(?)) where id = ?`;
      this.run('orchestrator', sql, name, JSON.stringify(value), execution);
    }
  }

  async beside(execution: string, members: { status?: string; dueAt?: number; failingSince?: number }): Promise<void> {
    const columns = { status: 'status', dueAt: 'due_at', failingSince: 'failing_since' } as const;
    for (const name of ['status', 'dueAt', 'failingSince'] as const) {
      const value = members[name];
      if (value !== undefined)
        this.run('orchestrator', `update executions set ${columns[name]} = ? where id = ?`, value, execution);
    }
  }

  async forgetDefinitions(): Promise<void> {
    this.run('orchestrator', 'delete from definitions');
  }

  async forgetLine(execution: string): Promise<void> {
    const sql =
      'delete from history where execution = :id and position = (select max(position) from history where execution = :id)';
    this.run('orchestrator', sql.replaceAll(':id', '?'), execution, execution);
  }

  async shareKey(execution: string, other: string): Promise<void> {
    this.run('orchestrator', 'drop index executions_key');
    const of = `(select rest ->> '$.idempotencyKey.key' from executions where id = ?)`;
    this.run(
      'orchestrator',
      `update executions set key = ${of}, rest = json_set(rest, '$.idempotencyKey.key', ${of}) where id = ?`,
      other,
      other,
      execution,
    );
  }

  async nextId(kind: ServiceName, nextId: number): Promise<void> {
    this.run(kind, 'update store set next_id = ?', nextId);
  }

  async shareName(kind: 'bands', id: number, other: number): Promise<void> {
    this.run(kind, `drop index ${kind}_key`);
    const of = (column: string) => `(select ${column} from ${kind} where id = ?)`;
    const document = `json_set(document, '$.name', ${of(`document ->> '$.name'`)})`;
    this.run(
      kind,
      `update ${kind} set key = ${of('key')}, folded = ${of('folded')}, twin = 0, document = ${document} where id = ?`,
      other,
      other,
      other,
      id,
    );
  }
}

interface AnyDocument extends Document {
  _id: number | string;
}

export class MongoEditor implements Editor {
  private constructor(
    private readonly client: MongoClient,
    private readonly prefix: string,
  ) {}

  /** @param url with the name that the databases begin with */
  static async connect(url: string): Promise<MongoEditor> {
    return new MongoEditor(await MongoClient.connect(url), new URL(url).pathname.slice(1));
  }

  db(store: StoreName): Db {
    return this.client.db(`${this.prefix}-${store}`);
  }

  async update(store: StoreName, collection: string, id: number | string, change: Document | Document[]): Promise<void> {
    const { modifiedCount } = await this.db(store).collection<AnyDocument>(collection).updateOne({ _id: id }, change);
    if (modifiedCount === 0) throw new Error(`nothing was changed in ${collection} ${id}`);
  }

  async saga(kind: ServiceName, id: number, members: Values): Promise<void> {
    const found = await this.db(kind).collection<AnyDocument>(kind).findOne({ _id: id });
    await this.update(kind, kind, id, { $set: { saga: { ...UNTOUCHED, ...found?.['saga'], ...members } } });
  }

  version(kind: ServiceName, id: number, version: number): Promise<void> {
    return this.update(kind, kind, id, { $set: { version } });
  }

  async remove(kind: ServiceName, id: number): Promise<void> {
    await this.db(kind).collection<AnyDocument>(kind).deleteOne({ _id: id });
  }

  async bury(kind: ServiceName, id: number, version: number): Promise<void> {
    const found = await this.db(kind).collection<AnyDocument>(kind).findOne({ _id: id });
    const saga = { ...UNTOUCHED, deleted: true, pinned: false, generation: 1 };
    const tombstone = { _id: id, key: found?.['key'], twin: 0, version, saga, deleted: true };
    await this.db(kind).collection<AnyDocument>(kind).replaceOne({ _id: id }, tombstone);
  }

  async told(execution: string, members: Values): Promise<void> {
    const found = await this.db('orchestrator').collection<AnyDocument>('executions').findOne({ _id: execution });
    const rest = JSON.stringify({ ...JSON.parse(found?.['rest']), ...members });
    await this.update('orchestrator', 'executions', execution, { $set: { rest } });
  }

  beside(execution: string, members: object): Promise<void> {
    return this.update('orchestrator', 'executions', execution, { $set: members });
  }

  async forgetDefinitions(): Promise<void> {
    await this.db('orchestrator').collection('definitions').deleteMany({});
  }

  forgetLine(execution: string): Promise<void> {
    return this.update('orchestrator', 'executions', execution, { $pop: { history: 1 } });
  }

  async shareKey(execution: string, other: string): Promise<void> {
    const executions = this.db('orchestrator').collection<AnyDocument>('executions');
    await executions.dropIndex('key');
    const found = await executions.findOne({ _id: other });
    await this.told(execution, { idempotencyKey: JSON.parse(found?.['rest']).idempotencyKey });
    await this.update('orchestrator', 'executions', execution, { $set: { key: found?.['key'] } });
  }

  nextId(kind: ServiceName, nextId: number): Promise<void> {
    return this.update(kind, 'store', 'store', { $set: { nextId } });
  }

  async shareName(kind: 'bands', id: number, other: number): Promise<void> {
    const documents = this.db(kind).collection<AnyDocument>(kind);
    await documents.dropIndex('key');
    const found = await documents.findOne({ _id: other });
    const shared = { name: found?.['name'], key: found?.['key'], folded: found?.['folded'], twin: 0 };
    await this.update(kind, kind, id, { $set: shared });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
