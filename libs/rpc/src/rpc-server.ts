import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type MessageHandler, ServerTCP, type TcpSocket } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { CallContract } from '#contracts';
import { Metrics } from '#metrics';
import { Fault, toFault } from '#problem';
import { BAD_FRAME_LOG_INTERVAL_MS, CHUNK_TARGET_BYTES, DRAIN_TIMEOUT_MS, MAX_OUTSTANDING_CALLS, MAX_SOCKETS } from './bounds.js';
import type { CallContext } from './call-context.js';
import { CallDurations } from './call-durations.js';
import { FrameFault } from './framed-socket.js';
import { type RpcLogger, silentLogger } from './logger.js';
import { type RequestCheck, requestCheck } from './request-check.js';
import { ServerSocket } from './server-socket.js';
import { faultMessage, isObject, isRequestPacket, PING, pongMessage, type RequestPacket, replyMessages } from './wire.js';

/** What the metrics call whatever has no name of a call: a peer may send any. */
const UNKNOWN_CALL = 'unknown';

interface AnsweredCall {
  check: RequestCheck;
  handler: MessageHandler<unknown, CallContext, unknown>;
}

interface RpcServerOptions {
  host: string;
  port: number;
  logger?: RpcLogger;
  metrics?: Metrics;
}

/**
 * Nest's TCP server, made safe: requests are checked against their contracts, late ones dropped, errors answered as
 * data, long lists cut into messages, and nothing a peer sends or fails to read disturbs another one.
 *
 * `NestFactory.createMicroservice(Module, { strategy: new RpcServer({ host, port }) })`; port 0 takes a free one.
 */
export class RpcServer extends ServerTCP {
  readonly #calls = new Map<string, AnsweredCall>();
  readonly #log: RpcLogger;
  readonly #durations: CallDurations;
  #draining = false;
  #callsInFlight = 0;
  #allAnswered: (() => void) | undefined;
  #badFrames = 0;
  #badFramesLoggedAt = 0;

  constructor({ host, port, logger = silentLogger, metrics = new Metrics('rpc') }: RpcServerOptions) {
    super({ host, port, socketClass: ServerSocket });
    this.#log = logger;
    this.#durations = new CallDurations(metrics, {
      name: 'backline_rpc_server_call_duration_seconds',
      help: 'How long calls took that this process answered, until the last message was handed to the socket.',
    });
    metrics.readGauge({ name: 'backline_rpc_server_calls_in_flight', help: 'Calls that this process is answering.' }, () => [
      { value: this.#callsInFlight },
    ]);
    this.server.maxConnections = MAX_SOCKETS;
  }

  /** Where the server listens. Throws before it does. */
  address(): AddressInfo {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return address;
  }

  /**
   * Takes no new connection, answers new calls `Unavailable`, which callers send again elsewhere, lets the calls in
   * flight finish and then closes the sockets. Resolves when all is closed, at the latest after `timeoutMs`.
   */
  async drain(timeoutMs = DRAIN_TIMEOUT_MS): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const finished = this.#finishCalls().then(() => {
      for (const socket of this.openSockets) socket.destroySoon();
      return closed;
    });
    const giveUp = new AbortController();
    await Promise.race([finished, sleep(timeoutMs, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    giveUp.abort();
    this.closeOpenSockets();
  }

  override addHandler(name: string, handler: MessageHandler, isEvent = false, extras: Record<string, unknown> = {}): void {
    const { contract } = extras;
    if (!isContract(contract)) throw new Error(`${name} is not marked with @Answers`);
    super.addHandler(name, handler, isEvent, extras);
    this.#calls.set(contract.name, { check: requestCheck(contract), handler });
  }

  override bindHandler(socket: Socket): void {
    this.trackOpenSocket(socket);
    const connection = new ServerSocket(socket);
    connection.on('message', (packet: unknown) => void this.handleMessage(connection, packet));
    connection.on('error', (error: unknown) => this.#countBadFrame(error));
  }

  override async handleMessage(socket: TcpSocket, packet: unknown): Promise<void> {
    if (!(socket instanceof ServerSocket)) return;
    if (!isRequestPacket(packet)) {
      socket.netSocket.destroy(new FrameFault('a message that is no request'));
      return;
    }
    if (packet.pattern === PING) return socket.sendMessage(pongMessage(packet.id));
    this.#callsInFlight++;
    socket.callsInFlight++;
    const ended = this.#durations.begin(this.#calls.has(packet.pattern) ? packet.pattern : UNKNOWN_CALL);
    try {
      await this.#answer(socket, packet);
      ended('ok');
    } catch (error) {
      const fault = this.#logged(error, packet);
      ended(fault.code);
      socket.sendMessage(faultMessage(packet.id, fault));
    } finally {
      socket.callsInFlight--;
      this.#callsInFlight--;
      if (this.#callsInFlight === 0) this.#allAnswered?.();
    }
  }

  /** Nest tells its caller of a taken port only; every reason why it cannot listen matters. */
  override listen(callback: (error?: unknown) => void): void {
    this.server.once('error', callback);
    this.server.listen(this.port, this.host, () => {
      this.server.off('error', callback);
      callback();
    });
  }

  override handleError(error: unknown): void {
    if (!this.server.listening) return; // who asked it to listen is told why it cannot
    this.#log.error({ err: error }, 'the server socket failed');
  }

  async #answer(socket: ServerSocket, { id, pattern, data }: RequestPacket): Promise<void> {
    if (this.#draining) throw new Fault('Unavailable', 'the service is shutting down');
    if (socket.callsInFlight > MAX_OUTSTANDING_CALLS) throw new Fault('Overloaded', 'too many calls on one connection');
    const call = this.#calls.get(pattern);
    if (!call) throw new Fault('Unavailable', 'the service does not know this call; it may be an older version');
    const { body, context } = call.check(data, socket.messageLength);
    const reply = await call.handler(body, context);
    for (const json of replyMessages(id, isObservable(reply) ? await lastValueFrom(reply) : reply)) {
      socket.sendMessage(json);
      // A long list leaves others their turns, and is not written on to a peer that reads no more or is gone.
      if (json.length > CHUNK_TARGET_BYTES / 2) await (socket.full ?? nextTurn());
      if (socket.netSocket.destroyed) return;
    }
  }

  /** The error as its caller may know it. What nobody foresaw is logged here, once, with its cause. */
  #logged(error: unknown, { pattern, data }: RequestPacket): Fault {
    const fault = toFault(error);
    if (fault.code !== 'Internal') return fault;
    const { requestId, traceId } = isObject(data) ? data : {};
    this.#log.error({ err: fault.cause ?? fault, call: pattern, requestId, traceId }, 'a call failed unexpectedly');
    return fault;
  }

  async #finishCalls(): Promise<void> {
    if (this.#callsInFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#allAnswered = resolve;
    });
  }

  #countBadFrame(error: unknown): void {
    if (!(error instanceof FrameFault)) return; // a peer that went away has done nothing wrong
    this.#badFrames++;
    if (Date.now() - this.#badFramesLoggedAt < BAD_FRAME_LOG_INTERVAL_MS) return;
    this.#log.warn({ reason: error.message, count: this.#badFrames }, 'closed connections that sent bad frames');
    this.#badFramesLoggedAt = Date.now();
    this.#badFrames = 0;
  }
}

const isContract = (value: unknown): value is CallContract =>
  isObject(value) && typeof value.name === 'string' && isObject(value.request) && isObject(value.reply);
