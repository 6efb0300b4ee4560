import type { Socket } from 'node:net';
import { MAX_NESTING, MAX_UNREAD_BYTES, UNREAD_PAUSE_BYTES, UNREAD_TIMEOUT_MS } from './bounds.js';
import { FramedSocket, FrameFault } from './framed-socket.js';

/**
 * The server's end. A peer that does not read its answers is asked to wait: its further requests stay in the network.
 * That cannot deadlock, because the client's end reads always.
 */
export class ServerSocket extends FramedSocket {
  callsInFlight = 0;
  #full: PromiseWithResolvers<void> | undefined;
  #unreadTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    super(socket);
    socket.on('drain', () => this.#takeMore());
    socket.on('close', () => this.#endWait());
  }

  /** While the peer has too much to read: resolves when it has read that, or is gone. */
  get full(): Promise<void> | undefined {
    return this.#full?.promise;
  }

  protected override handleSend(json: string): void {
    super.handleSend(json);
    const unread = this.socket.writableLength;
    if (unread > MAX_UNREAD_BYTES) this.#cutOff();
    else if (unread > UNREAD_PAUSE_BYTES && !this.#full) this.#wait();
  }

  /** A megabyte of nothing but brackets takes 15 times as long to parse as one of numbers, and all others wait. */
  protected override parse(json: string): unknown {
    if (isNestedTooDeeply(json)) throw new FrameFault(`a message nested deeper than ${MAX_NESTING}`);
    return super.parse(json);
  }

  #wait(): void {
    this.#full = Promise.withResolvers<void>();
    this.#unreadTimer = setTimeout(() => this.#cutOff(), UNREAD_TIMEOUT_MS);
    this.socket.pause();
    this.stopFrameTimer();
  }

  #takeMore(): void {
    this.#endWait();
    this.socket.resume();
    this.timePartialFrame();
  }

  #endWait(): void {
    clearTimeout(this.#unreadTimer);
    this.#full?.resolve();
    this.#full = undefined;
  }

  #cutOff(): void {
    this.handleDataError(new FrameFault('a peer that does not read'));
  }
}

/** Counts brackets outside strings: a tenth of the work of parsing, which is spared when the answer is yes. */
function isNestedTooDeeply(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === ']' || character === '}') depth--;
    else if ((character === '[' || character === '{') && ++depth > MAX_NESTING) return true;
  }
  return false;
}

function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end === -1 ? json.length : end;
}

function isEscaped(json: string, quote: number): boolean {
  let before = quote;
  while (json[before - 1] === '\\') before--;
  return (quote - before) % 2 === 1;
}
