import { createReadStream } from 'node:fs';
import { readCsv } from './csv.js';
import type { Entry } from './entry.js';
import { readJsonArray } from './json-array.js';
import { kinds } from './kinds.js';
import { readNdjson } from './ndjson.js';
import type { Source } from './sources.js';

/** Long enough that reading costs little beside parsing, short enough that a chunk of rows is no memory to speak of. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The rows of a file in the order of the file, some at a time, in memory that does not grow with the file.
 *
 * @param onBytes told how many bytes were read, each time some were
 * @throws the file system's error when the file cannot be read
 */
export function readEntries({ path, format, kind }: Source, onBytes: (bytes: number) => void): AsyncGenerator<Entry[]> {
  const bytes = readBytes(path, onBytes);
  switch (format) {
    case 'json':
      return readJsonArray(bytes);
    case 'ndjson':
      return readNdjson(bytes);
    case 'csv':
      return readCsv(bytes, kinds[kind].row);
  }
}

async function* readBytes(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  let isStart = true;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a file without an encoding is read as buffers');
    onBytes(chunk.length);
    yield isStart ? withoutByteOrderMark(chunk) : chunk;
    isStart = false;
  }
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

const withoutByteOrderMark = (chunk: Buffer): Buffer =>
  chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? chunk.subarray(BYTE_ORDER_MARK.length) : chunk;
