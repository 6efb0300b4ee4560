import { CLOCK_DIFFERENCE_WARNING_MS, MAX_MISSED_PINGS, PING_INTERVAL_MS } from './bounds.js';
import type { FramedSocket } from './framed-socket.js';
import type { RpcLogger } from './logger.js';
import { isObject, PING } from './wire.js';

export interface Peer {
  /** The name of the service, for messages to people. */
  service: string;
  host: string;
  port: number;
}

export interface PeerStatus {
  /** The peer answered the last ping. */
  up: boolean;
  /** Its clock minus ours; null until it answered a ping. */
  clockDifferenceMs: number | null;
  lastError: string | null;
}

/** Pings the peer each second, and ends a connection that says nothing. The answers tell the peer's clock. */
export class Heartbeat {
  readonly status: PeerStatus = { up: false, clockDifferenceMs: null, lastError: null };
  readonly #peer: Peer;
  readonly #log: RpcLogger;
  #timer: NodeJS.Timeout | undefined;
  #pingId = 0;
  #sentAt = 0;
  #bytesRead = 0;
  #missed = 0;
  #silent = false;

  constructor(peer: Peer, logger: RpcLogger) {
    this.#peer = peer;
    this.#log = logger;
  }

  /** The peer was given up because it said nothing, and has not answered since. A stopped process still accepts. */
  get isSilent(): boolean {
    return this.#silent;
  }

  start(socket: FramedSocket): void {
    clearInterval(this.#timer);
    this.#missed = 0;
    this.#ping(socket);
    this.#timer = setInterval(() => this.#check(socket), PING_INTERVAL_MS);
  }

  /** The connection was lost. */
  stop(): void {
    clearInterval(this.#timer);
    this.#wentDown();
  }

  /** The connection is given up by us, which is no news. */
  end(): void {
    clearInterval(this.#timer);
    this.status.up = false;
  }

  /** Whether the reply was one to a ping. Their ids are negative, those of calls positive. */
  takes(id: string | number, response: unknown): boolean {
    if (typeof id !== 'number' || id >= 0) return false;
    if (id === this.#pingId) this.#answered(response);
    return true;
  }

  #ping(socket: FramedSocket): void {
    this.#pingId--;
    this.#sentAt = Date.now();
    this.#bytesRead = socket.netSocket.bytesRead;
    socket.sendMessage(JSON.stringify({ pattern: PING, data: {}, id: this.#pingId }));
  }

  /** A peer in the middle of a long answer is alive, too: any byte counts. */
  #check(socket: FramedSocket): void {
    const { netSocket } = socket;
    const silent = netSocket.bytesRead === this.#bytesRead;
    this.#missed = silent ? this.#missed + 1 : 0;
    if (this.#missed >= MAX_MISSED_PINGS) {
      this.#silent = true;
      netSocket.destroy(new Error(`${MAX_MISSED_PINGS} pings were not answered`));
      return;
    }
    if (silent) this.#wentDown();
    this.#ping(socket);
  }

  #answered(response: unknown): void {
    if (!this.status.up) this.#log.info(this.#peer, 'connected to a service');
    this.#silent = false;
    this.status.up = true;
    this.status.lastError = null;
    if (isObject(response) && isObject(response.ok) && typeof response.ok.now === 'number') this.#setClock(response.ok.now);
  }

  /** The peer's clock against ours at half of the round trip. A long one tells nothing about the time. */
  #setClock(peerNow: number): void {
    const receivedAt = Date.now();
    if (receivedAt - this.#sentAt > CLOCK_DIFFERENCE_WARNING_MS) return;
    const differed = Math.abs(this.status.clockDifferenceMs ?? 0) > CLOCK_DIFFERENCE_WARNING_MS;
    const clockDifferenceMs = Math.round(peerNow - (this.#sentAt + receivedAt) / 2);
    this.status.clockDifferenceMs = clockDifferenceMs;
    if (differed || Math.abs(clockDifferenceMs) <= CLOCK_DIFFERENCE_WARNING_MS) return;
    this.#log.warn({ ...this.#peer, clockDifferenceMs }, 'the clock of a service differs: deadlines across hosts rest on it');
  }

  #wentDown(): void {
    const { up, lastError } = this.status;
    if (up) this.#log.warn({ ...this.#peer, ...(lastError !== null && { error: lastError }) }, 'a service does not answer');
    this.status.up = false;
  }
}
