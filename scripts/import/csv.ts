import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream';
import { CsvError, type Info, type Options, parse } from 'csv-parse';
import type { TObject, TSchema } from 'typebox';
import { type Entry, MAX_ROW_BYTES, TOO_LONG } from './entry.js';
import { NOT_UTF8 } from './json-text.js';

/** Rows handed on together: enough that handing on costs nothing beside parsing. */
const ROWS_AT_ONCE = 500;

/**
 * Rows of comma-separated values (RFC 4180) below a header with names of the schema's fields. An empty cell is a field
 * not given. Numbers are written as in JSON; a list is `a;b;c` or a JSON array; a list of objects is a JSON array.
 */
export async function* readCsv(bytes: AsyncIterable<Buffer>, row: TObject): AsyncGenerator<Entry[]> {
  let entries: Entry[] = [];
  let columns: Column[] | undefined;
  for await (const record of records(bytes, (entry) => entries.push(entry))) {
    if (columns === undefined) {
      const header = readHeader(record, row);
      if ('fault' in header) {
        yield [header];
        return;
      }
      columns = header.columns;
    } else entries.push(readRow(record, columns));
    if (entries.length >= ROWS_AT_ONCE) {
      yield entries;
      entries = [];
    }
  }
  if (columns === undefined) entries.push({ place: { line: 1 }, fault: 'expected a header row with the names of the fields' });
  yield entries;
}

interface CsvRecord {
  cells: string[];
  line: number;
  bytes: number;
}

/** Cells hold one character for each byte, so that bytes that are not UTF-8 can still be told from those that are. */
async function* records(bytes: AsyncIterable<Buffer>, onFault: (entry: Entry) => void): AsyncGenerator<CsvRecord> {
  const options: Options = {
    encoding: 'latin1',
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_BYTES,
    on_skip: (error) => {
      // Within quotes that never end the parser cannot find the next row: throwing ends it.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') throw error;
      onFault(faultOf(error));
      return undefined;
    },
  };
  const parser = parse(options);
  // An error of either stream destroys the parser with it, and the loop below throws it.
  pipeline(bytes, parser, () => undefined);
  try {
    let bytesBefore = 0;
    for await (const record of parser) {
      if (!isRecord(record)) throw new TypeError('the parser of CSV gave no record');
      const newlines = record.record.reduce((sum, cell) => sum + (cell.includes('\n') ? cell.split('\n').length - 1 : 0), 0);
      yield { cells: record.record, line: record.info.lines - newlines, bytes: record.info.bytes - bytesBefore };
      bytesBefore = record.info.bytes;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    onFault(faultOf(error));
  }
}

const isRecord = (value: unknown): value is { record: string[]; info: Info } =>
  typeof value === 'object' && value !== null && 'record' in value && Array.isArray(value.record) && 'info' in value;

function faultOf(error: CsvError | undefined): Entry {
  const line = typeof error?.['lines'] === 'number' ? error['lines'] : 1;
  switch (error?.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return { place: { line }, fault: `${TOO_LONG}: perhaps a quote is not closed; nothing after this place was read` };
    case 'CSV_QUOTE_NOT_CLOSED':
      return { place: { line }, fault: 'the file ends within quotes; the row that they begin in was not read, nor what follows it' };
    default:
      return { place: { line }, fault: `is no valid CSV: ${error?.message ?? 'unreadable'}` };
  }
}

interface Column {
  name: string;
  read: (text: string) => unknown;
}

function readHeader({ cells, line }: CsvRecord, row: TObject): { columns: Column[] } | Extract<Entry, { fault: string }> {
  const known = Object.keys(row.properties);
  const unknown = cells.find((cell) => !known.includes(cell));
  const place = { line };
  if (unknown !== undefined) {
    return { place, fault: `unknown column ${JSON.stringify(unknown)}, so the file was not read; expected some of ${known.join(', ')}` };
  }
  const twice = cells.find((cell, at) => cells.indexOf(cell) !== at);
  if (twice !== undefined) return { place, fault: `column ${twice} is there twice, so the file was not read` };
  return { columns: cells.map((name) => ({ name, read: cellReader(row.properties[name]) })) };
}

function readRow({ cells, line, bytes }: CsvRecord, columns: readonly Column[]): Entry {
  const place = { line };
  if (cells.length !== columns.length) return { place, fault: `has ${cells.length} cells, the header ${columns.length}` };
  const value: Record<string, unknown> = {};
  for (const [at, { name, read }] of columns.entries()) {
    const text = utf8Text(cells[at] ?? '');
    if (text === undefined) return { place, fault: NOT_UTF8 };
    if (text !== '') value[name] = read(text);
  }
  return { place, bytes, value };
}

const isAscii = /^[\x00-\x7f]*$/;

function utf8Text(cell: string): string | undefined {
  if (isAscii.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

/** How the text of a cell becomes a value of the schema. Text that cannot is left as it is: validation names what it should be. */
function cellReader(schema: TSchema | undefined): (text: string) => unknown {
  switch (typeOf(schema)) {
    case 'integer':
    case 'number':
      return (text) => (jsonNumber.test(text) ? Number(text) : text);
    case 'array':
      return readList;
    default:
      return (text) => text;
  }
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

function readList(text: string): unknown {
  if (!text.startsWith('[')) return text.split(';').map((item) => item.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The JSON type of a schema, or of the alternative to null where it has one. */
function typeOf(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) return schema.anyOf.map(typeOf).find((type) => type !== 'null');
  return 'type' in schema ? schema.type : undefined;
}
