import type { Socket } from 'node:net';
import { MAX_UNREAD_BYTES, UNREAD_PAUSE_BYTES, UNREAD_TIMEOUT_MS } from './bounds.js';
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
