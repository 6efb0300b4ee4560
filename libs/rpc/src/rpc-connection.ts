import type { Socket } from 'node:net';
import { ClientTCP } from '@nestjs/microservices';
import { Fault, faultFromWire } from '#problem';
import {
  CLOCK_DIFFERENCE_WARNING_MS,
  CONNECT_TIMEOUT_MS,
  FIRST_RECONNECT_MS,
  LAST_RECONNECT_MS,
  MAX_MESSAGE_BYTES,
  MAX_MISSED_PINGS,
  MAX_OUTSTANDING_BYTES,
  MAX_OUTSTANDING_CALLS,
  MAX_REPLY_CHUNKS,
  MAX_WAITING_BYTES,
  MAX_WAITING_CALLS,
  PING_INTERVAL_MS,
} from './bounds.js';
import { type CallContext, remainingMs } from './call-context.js';
import { FramedSocket } from './framed-socket.js';
import type { RpcLogger } from './logger.js';
import { isObject, isReplyPacket, PING } from './wire.js';

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

interface PendingCall {
  id: number;
  name: string;
  bytes: number;
  /** The message, until it is sent. */
  json: string;
  chunks: unknown[][];
  timer: NodeJS.Timeout | undefined;
  resolve: (reply: unknown) => void;
  reject: (fault: Fault) => void;
}

/**
 * One socket to one peer, which reconnects by itself. A call is sent when the socket has room for it and waits its turn
 * otherwise; it ends with a reply, a fault, or `Timeout` at its deadline, and nothing of it stays behind.
 */
export class RpcConnection extends ClientTCP {
  readonly #peer: Peer;
  readonly #log: RpcLogger;
  readonly #sent = new Map<number, PendingCall>();
  readonly #waiting = new Set<PendingCall>();
  #sentBytes = 0;
  #waitingBytes = 0;
  #lastId = 0;
  #closed = false;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #reconnectMs = FIRST_RECONNECT_MS;
  #pingTimer: NodeJS.Timeout | undefined;
  #pingId = 0;
  #pingSentAt = 0;
  #missedPings = 0;
  #bytesReadAtPing = 0;
  #up = false;
  #clockDifferenceMs: number | null = null;
  #lastError: string | null = null;

  constructor(peer: Peer, logger: RpcLogger) {
    super({ host: peer.host, port: peer.port, socketClass: FramedSocket });
    this.#peer = peer;
    this.#log = logger;
    this.#open();
  }

  /** What the peer answers, unchecked. Rejects with a `Fault`, at the latest at the deadline. */
  call(name: string, body: unknown, { deadline, requestId, traceId }: CallContext): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    const json = JSON.stringify({ pattern: name, data: { deadline, requestId, traceId, body }, id });
    const bytes = Buffer.byteLength(json);
    const call: PendingCall = { id, name, bytes, json, chunks: [], timer: undefined, resolve, reject };
    const refusal = this.#refusal(call, deadline);
    if (refusal) {
      reject(refusal);
      return promise;
    }
    call.timer = setTimeout(() => this.#giveUp(call), remainingMs(deadline));
    if (!this.socket) this.#open();
    if (this.#waiting.size === 0 && this.#hasRoom(call)) this.#send(call);
    else this.#wait(call);
    return promise;
  }

  peerStatus(): PeerStatus {
    return { up: this.#up, clockDifferenceMs: this.#clockDifferenceMs, lastError: this.#lastError };
  }

  override close(): void {
    this.#closed = true;
    const { socket } = this;
    super.close();
    socket?.netSocket.destroy();
  }

  override async handleResponse(packet: unknown): Promise<void> {
    if (!isReplyPacket(packet)) return;
    const { id, response, isDisposed } = packet;
    if (id === this.#pingId) return this.#readPong(response);
    const call = typeof id === 'number' ? this.#sent.get(id) : undefined;
    if (!call) return; // the caller has given up
    if (!isObject(response) || 'error' in response)
      return this.#fail(call, faultFromWire(isObject(response) && response.error));
    if (!Array.isArray(response.more)) return this.#succeed(call, response.ok);
    call.chunks.push(response.more);
    if (isDisposed || call.chunks.length > MAX_REPLY_CHUNKS)
      this.#fail(call, new Fault('Internal', `${this.#peer.service} answered without an end`));
  }

  /** Nest calls this when the socket is gone. What was under way may or may not have been done. */
  override handleClose(): void {
    super.handleClose();
    this.#stopTimers();
    this.#up = false;
    const fault = new Fault('Unavailable', `${this.#peer.service} is not reachable`);
    for (const call of [...this.#sent.values(), ...this.#waiting]) this.#fail(call, fault);
    if (this.#closed) return;
    this.#reconnectTimer = setTimeout(() => this.#open(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, LAST_RECONNECT_MS);
  }

  override handleError(error: unknown): void {
    this.#lastError = error instanceof Error ? error.message : String(error);
  }

  #refusal({ name, bytes }: PendingCall, deadline: number): Fault | null {
    const { service } = this.#peer;
    if (this.#closed) return new Fault('Unavailable', `the connection to ${service} is closed`);
    if (bytes > MAX_MESSAGE_BYTES)
      return new Fault(
        'ContentTooLarge',
        `a request of ${bytes} bytes to ${service} for ${name}: ${MAX_MESSAGE_BYTES} is the most`,
      );
    if (remainingMs(deadline) === 0) return this.#timeout(name);
    const full = this.#waiting.size >= MAX_WAITING_CALLS || this.#waitingBytes + bytes > MAX_WAITING_BYTES;
    return full ? new Fault('Overloaded', `too many calls wait for ${service}`) : null;
  }

  #timeout(name: string): Fault {
    return new Fault('Timeout', `${this.#peer.service} did not answer ${name} in time`);
  }

  /** What is written but not read counts, or calls that timed out would pile up before a peer that has stopped. */
  #hasRoom({ bytes }: PendingCall): boolean {
    const unsent = this.socket?.netSocket.writableLength ?? 0;
    return (
      this.#sent.size < MAX_OUTSTANDING_CALLS && Math.max(this.#sentBytes, unsent) + bytes <= MAX_OUTSTANDING_BYTES
    );
  }

  #send(call: PendingCall): void {
    this.#sent.set(call.id, call);
    this.#sentBytes += call.bytes;
    this.socket?.sendMessage(call.json);
    call.json = '';
  }

  #wait(call: PendingCall): void {
    this.#waiting.add(call);
    this.#waitingBytes += call.bytes;
  }

  #sendWaiting(): void {
    for (const call of this.#waiting) {
      if (!this.socket || !this.#hasRoom(call)) return;
      this.#forget(call);
      this.#send(call);
    }
  }

  #forget(call: PendingCall): void {
    if (this.#sent.delete(call.id)) this.#sentBytes -= call.bytes;
    if (this.#waiting.delete(call)) this.#waitingBytes -= call.bytes;
  }

  #end(call: PendingCall): void {
    clearTimeout(call.timer);
    this.#forget(call);
    if (this.#waiting.size > 0) this.#sendWaiting();
  }

  #succeed(call: PendingCall, reply: unknown): void {
    this.#end(call);
    if (call.chunks.length > 0 && isObject(reply)) reply.items = call.chunks.flat();
    call.resolve(reply);
  }

  #fail(call: PendingCall, fault: Fault): void {
    this.#end(call);
    call.reject(fault);
  }

  #giveUp(call: PendingCall): void {
    this.#fail(call, this.#timeout(call.name));
  }

  #open(): void {
    clearTimeout(this.#reconnectTimer);
    this.connect().then(
      () => this.#connected(),
      (error: unknown) => this.handleError(error),
    );
    const netSocket = this.unwrap<Socket>();
    const late = () => netSocket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
    const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
    netSocket.once('connect', () => clearTimeout(timer));
    netSocket.once('close', () => clearTimeout(timer));
    netSocket.on('drain', () => this.#sendWaiting());
  }

  #connected(): void {
    if (this.#closed || !this.socket) return;
    this.#missedPings = 0;
    this.#pingId = 0;
    this.#ping();
    this.#pingTimer = setInterval(() => this.#checkPing(), PING_INTERVAL_MS);
  }

  #ping(): void {
    this.#pingId = ++this.#lastId;
    this.#pingSentAt = Date.now();
    this.#bytesReadAtPing = this.socket?.netSocket.bytesRead ?? 0;
    this.socket?.sendMessage(JSON.stringify({ pattern: PING, data: {}, id: this.#pingId }));
  }

  #checkPing(): void {
    const netSocket = this.unwrap<Socket>();
    const silent = this.#pingId !== 0 && netSocket.bytesRead === this.#bytesReadAtPing;
    this.#missedPings = silent ? this.#missedPings + 1 : 0;
    if (silent) this.#up = false;
    if (this.#missedPings >= MAX_MISSED_PINGS)
      netSocket.destroy(new Error(`${MAX_MISSED_PINGS} pings were not answered`));
    else this.#ping();
  }

  #readPong(response: unknown): void {
    this.#pingId = 0;
    this.#up = true;
    this.#lastError = null;
    this.#reconnectMs = FIRST_RECONNECT_MS;
    const now = isObject(response) && isObject(response.ok) ? response.ok.now : undefined;
    if (typeof now !== 'number') return;
    const before = Math.abs(this.#clockDifferenceMs ?? 0);
    this.#clockDifferenceMs = Math.round(now - (this.#pingSentAt + Date.now()) / 2);
    if (Math.abs(this.#clockDifferenceMs) <= CLOCK_DIFFERENCE_WARNING_MS || before > CLOCK_DIFFERENCE_WARNING_MS)
      return;
    const { service } = this.#peer;
    this.#log.warn({ service, clockDifferenceMs: this.#clockDifferenceMs }, 'the clocks of two services differ');
  }

  #stopTimers(): void {
    clearInterval(this.#pingTimer);
    clearTimeout(this.#reconnectTimer);
  }
}
