/** One answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  /** By their names in lower case; of a repeated one the last. */
  headers: Map<string, string>;
  body: string;
}

/** What is read next: a head, so many bytes of a body, the length of a chunk, the line end behind one, or all there is. */
type Expected = { kind: 'head' | 'chunk' | 'chunkEnd' | 'rest' } | { kind: 'bytes' | 'chunkBytes'; left: number };

const HEAD_END = '\r\n\r\n';
const LINE_END = '\r\n';

/** Reads the answers out of what a server sends, in any pieces. Interim answers (1xx) are left out. */
export class AnswerReader {
  /** Those that are whole. */
  readonly answers: RawAnswer[] = [];
  #text = '';
  #expected: Expected = { kind: 'head' };
  #open: RawAnswer = { status: 0, headers: new Map(), body: '' };

  /** @param methods of the requests, if HEAD is among them: its answer has no body, whatever its length says */
  constructor(private readonly methods: readonly string[] = []) {}

  /** @throws Error when it is no HTTP/1.1 */
  read(piece: string): void {
    this.#text += piece;
    while (this.#text !== '' && this.#step(this.#expected));
  }

  /** Takes what it can of the text; false when more is needed for that. */
  #step(expected: Expected): boolean {
    if ('left' in expected) return this.#takeBody(expected);
    if (expected.kind === 'rest') return this.#takeBody({ kind: 'bytes', left: Number.POSITIVE_INFINITY });
    const line = this.#takeUntil(expected.kind === 'head' ? HEAD_END : LINE_END);
    if (line === undefined) return false;
    if (expected.kind === 'head') this.#begin(line);
    else if (expected.kind === 'chunkEnd') this.#expected = { kind: 'chunk' };
    else this.#beginChunk(Number.parseInt(line, 16));
    return true;
  }

  #begin(head: string): void {
    const [statusLine = '', ...lines] = head.split(LINE_END);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no status line: ${statusLine.slice(0, 100)}`);
    if (status < 200) return;
    const headers = new Map(
      lines.map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    );
    this.#open = { status, headers, body: '' };
    const length = headers.get('content-length');
    if (status === 204 || status === 304 || length === '0' || this.methods[this.answers.length] === 'HEAD') this.#end();
    else if (headers.get('transfer-encoding') === 'chunked') this.#expected = { kind: 'chunk' };
    else this.#expected = length === undefined ? { kind: 'rest' } : { kind: 'bytes', left: Number(length) };
  }

  #beginChunk(length: number): void {
    if (Number.isNaN(length)) throw new Error('a chunk without a length');
    // After the last one comes an empty line: no answer of ours has trailers.
    if (length === 0) this.#end();
    else this.#expected = { kind: 'chunkBytes', left: length };
  }

  #takeBody({ kind, left }: { kind: 'bytes' | 'chunkBytes'; left: number }): boolean {
    const taken = this.#text.slice(0, left);
    this.#text = this.#text.slice(taken.length);
    this.#open.body += taken;
    if (taken.length < left) this.#expected = { kind, left: left - taken.length };
    else if (kind === 'bytes') this.#end();
    else this.#expected = { kind: 'chunkEnd' };
    return true;
  }

  #end(): void {
    this.answers.push(this.#open);
    this.#expected = { kind: 'head' };
  }

  #takeUntil(end: string): string | undefined {
    // What is left of the line end behind the last chunk is no head.
    if (end === HEAD_END && this.#text.startsWith(LINE_END)) this.#text = this.#text.slice(LINE_END.length);
    const at = this.#text.indexOf(end);
    if (at === -1) return undefined;
    const taken = this.#text.slice(0, at);
    this.#text = this.#text.slice(at + end.length);
    return taken;
  }
}
