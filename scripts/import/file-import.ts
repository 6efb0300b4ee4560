import { MAX_ROWS_PER_UPSERT, type UpsertOutcome } from '#contracts';
import { Fault } from '#problem';
import type { Entry, Place } from './entry.js';
import { kinds } from './kinds.js';
import { readEntries } from './read-entries.js';
import type { KnownIds } from './references.js';
import type { Report } from './report.js';
import type { ServiceClients } from './service-clients.js';
import type { Source } from './sources.js';
import { type RowCheck, rowCheck } from './validation.js';

/** Bytes of a batch as its file has them: half a message, since the file may write them shorter than the message does. */
const MAX_BATCH_BYTES = 512 * 1024;

interface Row {
  place: Place;
  bytes: number;
  value: object;
}

/** What an import has at hand for each of its files. */
export interface ImportContext {
  clients: ServiceClients;
  known: KnownIds;
  report: Report;
  onBytes: (bytes: number) => void;
  signal: AbortSignal;
}

/** Imports one file: its good rows are in the store when this resolves, its bad ones in the report. */
export async function importFile(source: Source, context: ImportContext): Promise<void> {
  context.report.begin(source.kind);
  const file = new FileImport(source, context);
  const batches = file.batches();
  try {
    let batch = await batches.next();
    // One batch is on its way while the next is read and checked. Two on their way could change places, at a retry or
    // inside a store, and then the older of two rows with one id would win.
    while (!batch.done) [batch] = await Promise.all([batches.next(), file.write(batch.value)]);
  } finally {
    await batches.return(undefined);
  }
}

class FileImport {
  readonly #source: Source;
  readonly #context: ImportContext;
  readonly #faultsOf: RowCheck;

  constructor(source: Source, context: ImportContext) {
    this.#source = source;
    this.#context = context;
    this.#faultsOf = rowCheck(kinds[source.kind].row);
  }

  /** Rows that are valid and refer to what exists, as many as one call may carry. */
  async *batches(): AsyncGenerator<Row[], undefined> {
    let rows: Row[] = [];
    let bytes = 0;
    for await (const entries of readEntries(this.#source, this.#context.onBytes)) {
      this.#context.signal.throwIfAborted();
      for (const row of entries.map((entry) => this.#validRow(entry))) {
        if (row === undefined) continue;
        if (rows.length === MAX_ROWS_PER_UPSERT || bytes + row.bytes > MAX_BATCH_BYTES) {
          yield await this.#withKnownReferences(rows);
          [rows, bytes] = [[], 0];
        }
        rows.push(row);
        bytes += row.bytes;
      }
    }
    yield await this.#withKnownReferences(rows);
  }

  async write(rows: readonly Row[]): Promise<void> {
    const { kind } = this.#source;
    for (let left = rows; left.length > 0; ) {
      try {
        const { items } = await this.#context.clients.call(kind, kinds[kind].calls.upsert, {
          rows: left.map(({ value }) => value),
        });
        for (const outcome of items) this.#count(outcome);
        return;
      } catch (error) {
        left = this.#withoutRefused(left, error);
      }
    }
  }

  #validRow(entry: Entry): Row | undefined {
    const { report } = this.#context;
    const { kind, path } = this.#source;
    const { place } = entry;
    if ('fault' in entry && entry.isOfFile) {
      report.unread({ path, place }, entry.fault);
      return undefined;
    }
    report.count(kind, 'read');
    if ('fault' in entry) return this.#faulty(place, [entry.fault]);
    const { bytes, value } = entry;
    const faults = this.#faultsOf(value);
    if (faults.length > 0 || typeof value !== 'object' || value === null) return this.#faulty(place, faults);
    return { place, bytes, value };
  }

  async #withKnownReferences(rows: Row[]): Promise<Row[]> {
    const faults = new Map<Row, string[]>();
    for (const [field, kind] of kinds[this.#source.kind].references) {
      const ids = rows.map(({ value }) => new Map<string, unknown>(Object.entries(value)).get(field));
      const missing = await this.#context.known.missing(kind, new Set(ids.filter((id) => typeof id === 'number')));
      if (missing.size === 0) continue;
      for (const [at, row] of rows.entries()) {
        const id = ids[at];
        if (typeof id !== 'number' || !missing.has(id)) continue;
        faults.set(row, [...(faults.get(row) ?? []), `${field} ${id} is not among the ${kind}`]);
      }
    }
    for (const [{ place }, sentences] of faults) this.#faulty(place, sentences);
    return rows.filter((row) => !faults.has(row));
  }

  #count({ id, outcome, keyHolder }: UpsertOutcome): void {
    const { report, known } = this.#context;
    const { kind } = this.#source;
    report.count(kind, outcome);
    if (keyHolder !== undefined) report.count(kind, 'same name');
    if (kind !== 'concerts') known.add(kind, id);
  }

  /** The rows without those that the service found invalid. Any other failure is thrown on. */
  #withoutRefused(rows: readonly Row[], error: unknown): Row[] {
    const refusals = refusedRows(error);
    if (refusals.size === 0) throw error;
    return rows.filter(({ place }, at) => {
      const sentences = refusals.get(at);
      if (sentences !== undefined) this.#faulty(place, sentences);
      return sentences === undefined;
    });
  }

  #faulty(place: Place, sentences: readonly string[]): undefined {
    this.#context.report.faulty(this.#source.kind, { path: this.#source.path, place }, sentences);
  }
}

/** The faults that a service found in rows of an upsert, by the index of the row. */
function refusedRows(error: unknown): Map<number, string[]> {
  const refusals = new Map<number, string[]>();
  if (!(error instanceof Fault) || error.code !== 'ValidationError') return refusals;
  for (const { parameter, detail } of error.fields ?? []) {
    const [, at, field] = /^\/rows\/(\d+)(?:\/(.*))?$/.exec(parameter) ?? [];
    if (at === undefined) continue;
    refusals.set(Number(at), [...(refusals.get(Number(at)) ?? []), `${field ?? 'the row'} ${detail}`]);
  }
  return refusals;
}
