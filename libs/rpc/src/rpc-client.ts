import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import { toFault } from '#problem';
import type { CallContext } from './call-context.js';
import type { CallDurations } from './call-durations.js';
import type { Peer, PeerStatus } from './heartbeat.js';
import { type RpcLogger, silentLogger } from './logger.js';
import { RpcConnection } from './rpc-connection.js';

interface RpcClientOptions {
  logger?: RpcLogger;
  /** Where it is kept how long calls took. */
  durations?: CallDurations;
}

/** The calls of one service, over a connection that is made at once and kept until `close`. */
export class RpcClient {
  readonly #connection: RpcConnection;
  readonly #durations: CallDurations | undefined;

  constructor(peer: Peer, { logger = silentLogger, durations }: RpcClientOptions = {}) {
    this.#connection = new RpcConnection(peer, logger);
    this.#durations = durations;
  }

  /** The reply of the peer. Rejects with a `Fault`: the peer's own, `Unavailable`, `Overloaded`, or `Timeout`. */
  async call<C extends CallContract>(contract: C, request: RequestOf<C>, context: CallContext): Promise<ReplyOf<C>> {
    const ended = this.#durations?.begin(contract.name);
    try {
      const reply = await this.#connection.call(contract.name, request, context);
      ended?.('ok');
      // Both sides are built from one contract; checking every row of a reply again would cost more than the call.
      return reply as ReplyOf<C>;
    } catch (error) {
      ended?.(toFault(error).code);
      throw error;
    }
  }

  status(): PeerStatus {
    return this.#connection.peerStatus();
  }

  close(): void {
    this.#connection.close();
  }
}
