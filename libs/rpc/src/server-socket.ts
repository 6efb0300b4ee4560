import type { Socket } from 'node:net';
import { MAX_UNREAD_BYTES, UNREAD_PAUSE_BYTES, UNREAD_TIMEOUT_MS } from './bounds.js';
import { FrameFault, FramedSocket } from './framed-socket.js';

/**
 * The server's end. A peer that does not read its answers is asked to wait: its further requests stay in the network.
 * That cannot deadlock, because the client's end reads always.
 */
export class ServerSocket extends FramedSocket {
  callsInFlight = 0;
  #unreadTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    super(socket);
    socket.on('drain', () => this.#resume());
    socket.on('close', () => this.#stopUnreadTimer());
  }

  protected override handleSend(json: string): void {
    super.handleSend(json);
    const unread = this.socket.writableLength;
    if (unread > MAX_UNREAD_BYTES) return this.handleDataError(new FrameFault('a peer that does not read'));
    if (unread > UNREAD_PAUSE_BYTES) this.#pause();
  }

  /** Resolves once the peer has read what is held for it, or is gone. */
  async roomToWrite(): Promise<void> {
    const { socket } = this;
    if (this.#unreadTimer === undefined) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  #pause(): void {
    if (this.#unreadTimer) return;
    this.socket.pause();
    this.stopFrameTimer();
    const cutOff = () => this.handleDataError(new FrameFault('a peer that does not read'));
    this.#unreadTimer = setTimeout(cutOff, UNREAD_TIMEOUT_MS);
  }

  #resume(): void {
    this.#stopUnreadTimer();
    this.socket.resume();
  }

  #stopUnreadTimer(): void {
    clearTimeout(this.#unreadTimer);
    this.#unreadTimer = undefined;
  }
}
