import type { ServiceName } from '#config';
import { numberOf, type SqliteDatabase, textOf } from '#database';

/** A state of a record; without a document it is deleted, and of version 0 when that is forgotten, too. */
export interface RecordState {
  id: number;
  version: number;
  document: Readonly<Record<string, unknown>> | null;
}

interface Line extends RecordState {
  /** The time of the world. */
  at: number;
}

/** Every state that a store ever had, read from its tables and not from its feed. */
export class History {
  readonly #lines: Line[];
  readonly #present: Map<number, RecordState>;
  /** The text of each row, by which it is seen that it has changed. */
  readonly #texts: Map<number, string>;

  constructor(
    private readonly name: ServiceName,
    private readonly database: SqliteDatabase,
    before?: History,
  ) {
    this.#lines = before ? [...before.#lines] : [];
    this.#present = new Map(before ? before.#present : []);
    this.#texts = new Map(before ? before.#texts : []);
  }

  /** How many states there were. */
  get length(): number {
    return this.#lines.length;
  }

  get storeId(): string {
    return this.database.identity.storeId;
  }

  get present(): ReadonlyMap<number, RecordState> {
    return this.#present;
  }

  get live(): RecordState[] {
    return [...this.#present.values()].filter(({ document }) => document !== null);
  }

  get deleted(): RecordState[] {
    return [...this.#present.values()].filter(({ document }) => document === null);
  }

  copy(): History {
    return new History(this.name, this.database, this);
  }

  /** The same, going on in another database. */
  on(database: SqliteDatabase): History {
    return new History(this.name, database, this);
  }

  /** Notes what has changed since the last time. @returns how many records */
  note(at: number): number {
    const before = this.#lines.length;
    const gone = new Set(this.#texts.keys());
    for (const row of this.database.prepare(`select id, document from ${this.name}`).all())
      this.#noteRow(numberOf(row.id), textOf(row.document), gone, at);
    for (const row of this.database.prepare('select id, version from tombstones where version > 0').all())
      this.#noteRow(numberOf(row.id), String(row.version), gone, at);
    for (const id of gone) this.#add({ id, version: 0, document: null, at });
    for (const id of gone) this.#texts.delete(id);
    return this.#lines.length - before;
  }

  /** Reads along: calls back for each state that was there before a time and has not been told yet. */
  reader(): (before: number, tell: (state: RecordState) => void) => void {
    let next = 0;
    return (before, tell) => {
      for (let line = this.#lines[next]; line && line.at < before; line = this.#lines[next]) {
        tell(line);
        next++;
      }
    };
  }

  #noteRow(id: number, text: string, gone: Set<number>, at: number): void {
    gone.delete(id);
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    const isLive = text.startsWith('{');
    const document = isLive ? JSON.parse(text) : null;
    this.#add({ id, version: isLive ? numberOf(document.version) : Number(text), document, at });
  }

  #add(line: Line): void {
    this.#lines.push(line);
    this.#present.set(line.id, line);
  }
}
