import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { TcpSocket } from '@nestjs/microservices';
import { FRAME_TIMEOUT_MS, MAX_MESSAGE_BYTES } from './bounds.js';

/** The peer sent something that is no frame of ours. Its socket is closed, since where the next one begins is unknown. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';
}

const DELIMITER = '#';
const MAX_LENGTH_DIGITS = String(MAX_MESSAGE_BYTES).length;
const DIGITS = /^[0-9]*$/;

/** Pieces of a partial message are joined by so many, so that one fed byte by byte costs no slot of an array for each. */
const PIECES_JOINED = 1_024;

/**
 * Nest's frames, `length#json` with the length in UTF-16 units, read and written without Nest's deadlock: the stock
 * socket stops reading while its own writing is held up, and so do two of them for each other, for ever. This one
 * always reads.
 */
export class FramedSocket extends TcpSocket {
  /** The length of the message being delivered, in UTF-16 units. */
  messageLength = 0;
  #decoder = new StringDecoder('utf8');
  #header = '';
  #missing = 0;
  #pieces: string[] = [];
  #joined: string[] = [];
  #frameTimer: NodeJS.Timeout | undefined;
  #corked = false;

  constructor(socket: Socket) {
    super(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.stopFrameTimer());
  }

  /** Sends one message, already as JSON. Those of one turn of the event loop leave in one system call. */
  protected override handleSend(json: string): void {
    this.#corkForThisTurn();
    this.socket.write(`${json.length}${DELIMITER}${json}`);
  }

  protected override handleData(data: Buffer | string): void {
    const text = typeof data === 'string' ? data : this.#decoder.write(data);
    let at = 0;
    while (at < text.length && !this.socket.destroyed) {
      at = this.#missing === 0 ? this.#readLength(text, at) : this.#readMessage(text, at);
    }
    this.timePartialFrame();
  }

  protected override handleDataError(error: Error): void {
    this.socket.destroy(error);
  }

  protected parse(json: string): unknown {
    try {
      return JSON.parse(json);
    } catch (cause) {
      throw new FrameFault('a frame that is no JSON', { cause });
    }
  }

  protected stopFrameTimer(): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
  }

  #readLength(text: string, at: number): number {
    const end = text.indexOf(DELIMITER, at);
    const header = this.#header + text.slice(at, end === -1 ? at + MAX_LENGTH_DIGITS + 1 : end);
    if (header.length > MAX_LENGTH_DIGITS || !DIGITS.test(header)) throw new FrameFault('a frame without a length');
    if (end === -1) {
      this.#header = header;
      return text.length;
    }
    const length = Number(header);
    if (header === '' || length === 0) throw new FrameFault('an empty frame');
    if (length > MAX_MESSAGE_BYTES) throw new FrameFault(`a frame of ${length}, where ${MAX_MESSAGE_BYTES} is the most`);
    this.#header = '';
    this.#missing = length;
    this.messageLength = length;
    return end + 1;
  }

  #readMessage(text: string, at: number): number {
    const end = Math.min(text.length, at + this.#missing);
    const piece = text.slice(at, end);
    this.#missing -= end - at;
    if (this.#missing > 0) this.#keep(piece);
    else this.#deliver(this.#take(piece));
    return end;
  }

  #keep(piece: string): void {
    this.#pieces.push(piece);
    if (this.#pieces.length < PIECES_JOINED) return;
    this.#joined.push(this.#pieces.join(''));
    this.#pieces = [];
  }

  #take(last: string): string {
    if (this.#pieces.length === 0 && this.#joined.length === 0) return last;
    const json = this.#joined.join('') + this.#pieces.join('') + last;
    this.#pieces = [];
    this.#joined = [];
    return json;
  }

  #deliver(json: string): void {
    this.stopFrameTimer();
    this.socket.emit('message', this.parse(json));
  }

  /** A frame that was begun must end in time, unless it is we who stopped reading. */
  protected timePartialFrame(): void {
    const partial = this.#missing > 0 || this.#header !== '';
    if (!partial) this.stopFrameTimer();
    if (!partial || this.#frameTimer || this.socket.isPaused()) return;
    this.#frameTimer = setTimeout(() => this.handleDataError(new FrameFault('half a frame')), FRAME_TIMEOUT_MS);
  }

  #corkForThisTurn(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.socket.uncork();
    });
  }
}
