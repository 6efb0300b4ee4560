import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
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
  for await (const record of records(bytes)) {
    if ('fault' in record) entries.push(record);
    else if (columns !== undefined) entries.push(readRow(record, columns));
    else {
      const header = readHeader(record, row);
      if ('fault' in header) {
        yield [header];
        return;
      }
      columns = header;
    }
    if (entries.length < ROWS_AT_ONCE) continue;
    yield entries;
    entries = [];
  }
  if (columns === undefined)
    entries.push({ place: { line: 1 }, fault: 'expected a header row with the names of the fields', isOfFile: true });
  yield entries;
}

type Fault = Extract<Entry, { fault: string }>;

interface CsvRecord {
  cells: string[];
  line: number;
  bytes: number;
}

/** Cells hold one character for each byte, so that bytes that are not UTF-8 can still be told from those that are. */
async function* records(bytes: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord | Fault> {
  // Where the quotes are wrong, where a row ends is anyone's guess: the rest of the file is not read.
  let broken: CsvError | undefined;
  const parser = parse({
    encoding: 'latin1',
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: MAX_ROW_BYTES,
    // An error that is not skipped destroys the parser with all rows that are good and not taken yet.
    skip_records_with_error: true,
    on_skip: (error) => {
      broken ??= error;
      return undefined;
    },
    on_record: (record) => (broken === undefined ? record : null),
  });
  async function* bytesUntilBroken(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      yield chunk;
      if (broken !== undefined) return;
    }
  }
  // A failure to read destroys the parser with it, and the loop below throws it.
  pipeline(bytesUntilBroken(), parser, () => undefined);
  let bytesBefore = 0;
  // The parser counts each carriage return within a cell as a line of its own, as no editor does.
  let surplusLines = 0;
  for await (const parsed of parser) {
    if (!isRecord(parsed)) throw new TypeError('the parser of CSV gave no record');
    const { record, info } = parsed;
    surplusLines += occurrences(record, '\r');
    yield { cells: record, line: info.lines - surplusLines - occurrences(record, '\n'), bytes: info.bytes - bytesBefore };
    bytesBefore = info.bytes;
  }
  if (broken !== undefined) yield faultOf(broken, surplusLines);
}

const isRecord = (value: unknown): value is { record: string[]; info: Info } =>
  typeof value === 'object' && value !== null && 'record' in value && Array.isArray(value.record) && 'info' in value;

const occurrences = (cells: readonly string[], character: string): number =>
  cells.reduce((sum, cell) => (cell.includes(character) ? sum + cell.split(character).length - 1 : sum), 0);

function faultOf(error: CsvError, surplusLines: number): Fault {
  const line = typeof error['lines'] === 'number' ? error['lines'] - surplusLines : 1;
  const reasons = new Map([
    ['CSV_MAX_RECORD_SIZE', `${TOO_LONG}: perhaps a quote is not closed`],
    ['CSV_QUOTE_NOT_CLOSED', 'the file ends within quotes'],
    ['CSV_INVALID_CLOSING_QUOTE', 'a quote within quotes must be doubled'],
    ['INVALID_OPENING_QUOTE', 'a cell that holds quotes must be within quotes, and they doubled'],
  ]);
  return { place: { line }, fault: `${reasons.get(error.code) ?? error.message}; nothing after this place was read` };
}

interface Column {
  name: string;
  read: (text: string) => unknown;
}

function readHeader({ cells, line }: CsvRecord, row: TObject): Column[] | Fault {
  const known = Object.keys(row.properties);
  const unknown = cells.find((cell) => !known.includes(cell));
  const place = { line };
  if (unknown !== undefined) {
    return {
      place,
      fault: `unknown column ${JSON.stringify(unknown)}; expected some of ${known.join(', ')}`,
      isOfFile: true,
    };
  }
  const twice = cells.find((cell, at) => cells.indexOf(cell) !== at);
  if (twice !== undefined) return { place, fault: `column ${twice} is there twice`, isOfFile: true };
  return cells.map((name) => ({ name, read: cellReader(row.properties[name]) }));
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

const nonAscii = /\P{ASCII}/u;

function utf8Text(cell: string): string | undefined {
  if (!nonAscii.test(cell)) return cell;
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
