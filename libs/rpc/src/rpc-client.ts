import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import type { CallContext } from './call-context.js';
import type { Peer, PeerStatus } from './heartbeat.js';
import { type RpcLogger, silentLogger } from './logger.js';
import { RpcConnection } from './rpc-connection.js';

/** The calls of one service, over a connection that is made at once and kept until `close`. */
export class RpcClient {
  readonly #connection: RpcConnection;

  constructor(peer: Peer, { logger = silentLogger }: { logger?: RpcLogger } = {}) {
    this.#connection = new RpcConnection(peer, logger);
  }

  /** The reply of the peer. Rejects with a `Fault`: the peer's own, `Unavailable`, `Overloaded`, or `Timeout`. */
  async call<C extends CallContract>(contract: C, request: RequestOf<C>, context: CallContext): Promise<ReplyOf<C>> {
    // Both sides are built from one contract; checking every row of a reply again would cost more than the call.
    return (await this.#connection.call(contract.name, request, context)) as ReplyOf<C>;
  }

  status(): PeerStatus {
    return this.#connection.peerStatus();
  }

  close(): void {
    this.#connection.close();
  }
}
