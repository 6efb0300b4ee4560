import { ClientTCP } from '@nestjs/microservices';
import { Fault, faultFromWire, remainingMs } from '#problem';
import {
  CONNECT_TIMEOUT_MS,
  FIRST_RECONNECT_MS,
  LAST_RECONNECT_MS,
  MAX_DEADLINE_AHEAD_MS,
  MAX_MESSAGE_BYTES,
  MAX_OUTSTANDING_BYTES,
  MAX_OUTSTANDING_CALLS,
  MAX_REPLY_CHUNKS,
  MAX_WAITING_BYTES,
  MAX_WAITING_CALLS,
  RESTART_GRACE_MS,
} from './bounds.js';
import type { CallContext } from './call-context.js';
import { FramedSocket } from './framed-socket.js';
import { Heartbeat, type Peer, type PeerStatus } from './heartbeat.js';
import type { RpcLogger } from './logger.js';
import { isObject, isReplyPacket } from './wire.js';

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
 * otherwise, also for a peer that was just lost and is likely to be back; it ends with a reply, a fault, or `Timeout` at
 * its deadline, and nothing of it stays behind.
 */
export class RpcConnection extends ClientTCP {
  readonly #peer: Peer;
  readonly #heartbeat: Heartbeat;
  readonly #sent = new Map<number, PendingCall>();
  readonly #waiting = new Set<PendingCall>();
  #sentBytes = 0;
  #waitingBytes = 0;
  #lastId = 0;
  #closed = false;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #reconnectMs = FIRST_RECONNECT_MS;
  /** Runs while calls wait for the return of a peer that was just lost. */
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(peer: Peer, logger: RpcLogger) {
    super({ host: peer.host, port: peer.port, socketClass: FramedSocket });
    this.#peer = peer;
    this.#heartbeat = new Heartbeat(peer, logger);
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
    call.timer = setTimeout(() => this.#giveUp(call), Math.min(remainingMs(deadline), MAX_DEADLINE_AHEAD_MS));
    if (!this.socket) this.#open();
    if (this.#waiting.size === 0 && this.#hasRoom(call)) this.#send(call);
    else this.#wait(call);
    return promise;
  }

  peerStatus(): PeerStatus {
    return { ...this.#heartbeat.status };
  }

  override close(): void {
    this.#closed = true;
    clearTimeout(this.#reconnectTimer);
    this.#endGrace();
    this.#heartbeat.end();
    const { socket } = this;
    super.close();
    socket?.netSocket.destroy();
  }

  override async handleResponse(packet: unknown): Promise<void> {
    if (!isReplyPacket(packet)) return;
    const { id, response, isDisposed } = packet;
    if (this.#heartbeat.takes(id, response)) return;
    const call = typeof id === 'number' ? this.#sent.get(id) : undefined;
    if (!call) return; // the caller has given up
    if (!isObject(response)) return this.#fail(call, faultFromWire(undefined));
    if ('error' in response) return this.#fail(call, faultFromWire(response.error));
    if (!Array.isArray(response.more)) return this.#succeed(call, response.ok);
    call.chunks.push(response.more);
    if (isDisposed || call.chunks.length > MAX_REPLY_CHUNKS)
      this.#fail(call, new Fault('Internal', `${this.#peer.service} answered without an end`));
  }

  /** Nest calls this when the socket is gone. What was under way may or may not have been done. */
  override handleClose(): void {
    super.handleClose();
    if (this.#heartbeat.status.up && !this.#closed) this.#graceTimer ??= setTimeout(() => this.#endGrace(), RESTART_GRACE_MS);
    this.#heartbeat.stop();
    this.#failAll(this.#sent.values());
    if (!this.#graceTimer) this.#failAll(this.#waiting);
    if (this.#closed) return;
    this.#reconnectTimer = setTimeout(() => this.#open(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, LAST_RECONNECT_MS);
  }

  override handleError(error: unknown): void {
    this.#heartbeat.status.lastError = error instanceof Error ? error.message : String(error);
  }

  #refusal({ name, bytes }: PendingCall, deadline: number): Fault | null {
    const { service } = this.#peer;
    if (this.#closed) return new Fault('Unavailable', `the connection to ${service} is closed`);
    if (bytes > MAX_MESSAGE_BYTES)
      return new Fault('ContentTooLarge', `${bytes} bytes for ${name}: ${MAX_MESSAGE_BYTES} is the most`);
    if (remainingMs(deadline) === 0) return this.#timeout(name);
    if (this.#heartbeat.isSilent) return this.#unreachable();
    const full = this.#waiting.size >= MAX_WAITING_CALLS || this.#waitingBytes + bytes > MAX_WAITING_BYTES;
    return full ? new Fault('Overloaded', `too many calls wait for ${service}`) : null;
  }

  #timeout(name: string): Fault {
    return new Fault('Timeout', `${this.#peer.service} did not answer ${name} in time`);
  }

  #unreachable(): Fault {
    return new Fault('Unavailable', `${this.#peer.service} is not reachable`);
  }

  /** What is written but not read counts, or calls that timed out would pile up before a peer that has stopped. */
  #hasRoom({ bytes }: PendingCall): boolean {
    if (this.#graceTimer) return false; // a connection is tried, which may fail
    const unsent = this.socket?.netSocket.writableLength ?? 0;
    return this.#sent.size < MAX_OUTSTANDING_CALLS && Math.max(this.#sentBytes, unsent) + bytes <= MAX_OUTSTANDING_BYTES;
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

  #failAll(calls: Iterable<PendingCall>): void {
    for (const call of [...calls]) this.#fail(call, this.#unreachable());
  }

  #endGrace(): void {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = undefined;
    this.#failAll(this.#waiting);
  }

  #giveUp(call: PendingCall): void {
    this.#fail(call, this.#timeout(call.name));
  }

  #open(): void {
    clearTimeout(this.#reconnectTimer);
    this.connect().catch((error: unknown) => this.handleError(error));
    const { socket } = this;
    if (!(socket instanceof FramedSocket)) return;
    const { netSocket } = socket;
    const late = () => {
      if (netSocket.connecting) netSocket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
    };
    // After a time in which this process was busy, the timer comes first and the connection that is long there second.
    const timer = setTimeout(() => setImmediate(late), CONNECT_TIMEOUT_MS);
    netSocket.once('close', () => clearTimeout(timer));
    netSocket.on('drain', () => this.#sendWaiting());
    netSocket.once('connect', () => {
      clearTimeout(timer);
      this.#reconnectMs = FIRST_RECONNECT_MS;
      clearTimeout(this.#graceTimer);
      this.#graceTimer = undefined;
      this.#heartbeat.start(socket);
      this.#sendWaiting();
    });
  }
}
