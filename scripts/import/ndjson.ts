import { type Entry, MAX_ROW_BYTES, TOO_LONG } from './entry.js';
import { parseJson } from './json-text.js';

const NEWLINE = 0x0a;

/** One JSON value a line. A line that is none is a fault of its own and no other line's. Empty lines are skipped. */
export async function* readNdjson(bytes: AsyncIterable<Buffer>): AsyncGenerator<Entry[]> {
  const lines = new LineCutter();
  for await (const chunk of bytes) yield lines.cut(chunk);
  yield lines.end();
}

class LineCutter {
  #line = 0;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  cut(chunk: Buffer): Entry[] {
    const entries: Entry[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#finish(entries);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return entries;
  }

  end(): Entry[] {
    const entries: Entry[] = [];
    this.#finish(entries);
    return entries;
  }

  #keep(piece: Buffer): void {
    this.#begunBytes += piece.length;
    if (this.#begunBytes > MAX_ROW_BYTES) this.#begun = [];
    else if (piece.length > 0) this.#begun.push(piece);
  }

  #finish(entries: Entry[]): void {
    const [first = Buffer.alloc(0)] = this.#begun;
    const bytes = this.#begun.length > 1 ? Buffer.concat(this.#begun) : first;
    const isTooLong = this.#begunBytes > MAX_ROW_BYTES;
    this.#begun = [];
    this.#begunBytes = 0;
    this.#line++;
    const place = { line: this.#line };
    if (isTooLong) entries.push({ place, fault: TOO_LONG });
    else if (!isBlank(bytes)) {
      const parsed = parseJson(bytes);
      entries.push('fault' in parsed ? { place, fault: parsed.fault } : { place, bytes: bytes.length, value: parsed.value });
    }
  }
}

const WHITE_SPACE = new Set(Buffer.from(' \t\r'));
const isBlank = (line: Buffer): boolean => line.every((byte) => WHITE_SPACE.has(byte));
