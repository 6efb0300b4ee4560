import { formatted } from '../figures.js';
import type { Place } from './entry.js';
import { type KindName, kindNames } from './kinds.js';

/** Faults that are told in full: enough to see what is wrong with a file, and short enough to be read. */
const MAX_FAULTS_TOLD = 20;

const columns = ['read', 'created', 'updated', 'unchanged', 'faulty', 'same name'] as const;
export type Column = (typeof columns)[number];

/** What became of the rows: counts by kind, and the first faults. */
export class Report {
  readonly #counts = new Map<KindName, Record<Column, number>>();
  readonly #unread: string[] = [];
  readonly #faults: string[] = [];
  #faultCount = 0;

  /** The kind has a line in the table from now on, even when nothing of it is read. */
  begin(kind: KindName): void {
    this.#counts.set(kind, { read: 0, created: 0, updated: 0, unchanged: 0, faulty: 0, 'same name': 0 });
  }

  count(kind: KindName, column: Column): void {
    const counts = this.#counts.get(kind);
    if (counts) counts[column]++;
  }

  /** One faulty row with everything that is wrong with it. */
  faulty(kind: KindName, at: { path: string; place: Place }, sentences: readonly string[]): void {
    this.count(kind, 'faulty');
    this.#faultCount += sentences.length;
    for (const sentence of sentences) {
      if (this.#faults.length < MAX_FAULTS_TOLD) this.#faults.push(`${positionOf(at)}: ${sentence}`);
    }
  }

  /** Nothing of a file was read: it has no rows to count. */
  unread(at: { path: string; place: Place }, sentence: string): void {
    this.#unread.push(`${positionOf(at)}: the file was not read: ${sentence}`);
  }

  get hasFaults(): boolean {
    return this.#faultCount + this.#unread.length > 0;
  }

  get rowsRead(): number {
    return this.#counts.values().reduce((sum, { read }) => sum + read, 0);
  }

  /** The table, and below it the faults. */
  toString(): string {
    const kinds = kindNames.filter((kind) => this.#counts.has(kind));
    const rows = kinds.map((kind) => [kind, ...columns.map((column) => formatted(this.#counts.get(kind)?.[column] ?? 0))]);
    const untold = this.#faultCount - this.#faults.length;
    const faults = [...this.#unread, ...this.#faults, ...(untold > 0 ? [`and ${formatted(untold)} more`] : [])];
    return [...aligned([['', ...columns], ...rows]), ...(faults.length > 0 ? ['', ...faults] : [])].join('\n');
  }
}

const positionOf = ({ path, place: { line, index } }: { path: string; place: Place }): string =>
  index === undefined ? `${path}:${line}` : `${path}:${line} [${index}]`;

const GAP = '  ';

/** The first column to the left, numbers to the right. */
function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(GAP),
  );
}
