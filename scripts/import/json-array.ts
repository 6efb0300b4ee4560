import { type Entry, MAX_ROW_BYTES, type Place, TOO_LONG } from './entry.js';
import { parseJson } from './json-text.js';

const [NEWLINE, QUOTE, BACKSLASH, COMMA] = [0x0a, 0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const WHITE_SPACE = new Set(Buffer.from(' \t\r\n'));

/**
 * The elements of one JSON array. The array is cut at the commas between its elements and each piece parsed by itself,
 * which is several times faster than putting values together from tokens, and tells the line of each.
 * What follows a piece that is no JSON cannot be trusted any more: it is a fault, and the last entry.
 */
export async function* readJsonArray(bytes: AsyncIterable<Buffer>): AsyncGenerator<Entry[]> {
  const array = new ArrayCutter();
  for await (const chunk of bytes) {
    yield array.cut(chunk);
    if (array.isBroken) return;
  }
  yield array.end();
}

class ArrayCutter {
  #expects: 'array' | 'element or end' | 'element' | 'rest of element' | 'nothing' = 'array';
  #line = 1;
  #place: Required<Place> = { line: 1, index: -1 };
  #begun: Buffer[] = [];
  #begunBytes = 0;
  readonly #scanner = new ElementScanner();
  #entries: Entry[] = [];
  isBroken = false;

  cut(chunk: Buffer): Entry[] {
    let at = 0;
    while (at < chunk.length && !this.isBroken) {
      at = this.#expects === 'rest of element' ? this.#element(chunk, at) : this.#between(chunk, at);
    }
    return this.#taken();
  }

  end(): Entry[] {
    const place = { line: this.#line };
    if (this.#expects === 'array') this.#entries.push({ place, fault: 'it is empty: expected a JSON array', isOfFile: true });
    else if (this.#expects === 'rest of element')
      this.#entries.push({ place: this.#place, fault: 'the file ends within this element' });
    else if (this.#expects !== 'nothing') this.#entries.push({ place, fault: 'the file ends before its array does' });
    return this.#taken();
  }

  /** Reads white space and one byte more outside of the elements. Answers where to go on. */
  #between(chunk: Buffer, from: number): number {
    let at = from;
    for (; WHITE_SPACE.has(chunk[at] ?? 0); at++) if (chunk[at] === NEWLINE) this.#line++;
    const byte = chunk[at];
    if (byte === undefined) return at;
    if (this.#expects === 'nothing') this.#break({ line: this.#line }, 'something follows the end of the array');
    else if (this.#expects === 'array') this.#open(byte);
    else if (this.#expects === 'element or end' && byte === CLOSE_ARRAY) this.#expects = 'nothing';
    else {
      this.#place = this.#nextPlace();
      this.#expects = 'rest of element';
      return at;
    }
    return at + 1;
  }

  #open(byte: number): void {
    if (byte === OPEN_ARRAY) {
      this.#expects = 'element or end';
      return;
    }
    this.isBroken = true;
    const fault = 'expected a JSON array; a file of one object a line is named .ndjson';
    this.#entries.push({ place: { line: this.#line }, fault, isOfFile: true });
  }

  /** Reads to the end of an element, or of the chunk. Answers where to go on. */
  #element(chunk: Buffer, from: number): number {
    const end = this.#scanner.endOfElement(chunk, from);
    const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > MAX_ROW_BYTES) {
      this.#break(this.#place, `${TOO_LONG}: perhaps a quote is missing`);
      return chunk.length;
    }
    if (end === -1) return chunk.length;
    this.#finish();
    this.#expects = chunk[end] === COMMA ? 'element' : 'nothing';
    return end + 1;
  }

  #finish(): void {
    const bytes = Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    this.#line = this.#place.line + this.#scanner.takeNewlines();
    const parsed = parseJson(bytes);
    if ('value' in parsed) this.#entries.push({ place: this.#place, bytes: bytes.length, value: parsed.value });
    else this.#break({ ...this.#place, line: this.#place.line + parsed.newlinesBefore }, parsed.fault);
  }

  #nextPlace(): Required<Place> {
    return { line: this.#line, index: this.#place.index + 1 };
  }

  #break(place: Place, fault: string): void {
    this.isBroken = true;
    this.#entries.push({ place, fault: `${fault}; nothing after this place was read` });
  }

  #taken(): Entry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }
}

/** Finds where an element ends, across chunks. */
class ElementScanner {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #newlines = 0;

  /** The position of the comma or bracket after the element, or -1 when the element goes on in the next chunk. */
  endOfElement(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === NEWLINE) this.#newlines++;
      if (this.#isInString) this.#stepInString(byte);
      else if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
      else if (this.#depth > 0) {
        if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#depth--;
      } else if (byte === COMMA || byte === CLOSE_ARRAY) return at;
    }
    return -1;
  }

  #stepInString(byte: number | undefined): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInString = false;
  }

  takeNewlines(): number {
    const newlines = this.#newlines;
    this.#newlines = 0;
    return newlines;
  }
}
