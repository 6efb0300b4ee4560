import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '#config';
import type { CallContract, ReplyOf, RequestOf } from '#contracts';
import { Fault } from '#problem';
import { RpcClient } from '#rpc';
import { ImportStopped } from './import-stopped.js';
import { type KindName, kindNames, kinds } from './kinds.js';

/** A batch takes a service some tens of milliseconds; one that needs this long is in trouble, not at work. */
const CALL_TIMEOUT_MS = 30_000;
/** A service that is there answers about its health at once. */
const HEALTH_TIMEOUT_MS = 2_000;
/** A restart, or a replica set that chooses another primary, is over by then. */
const RETRY_FOR_MS = 60_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

/** The four services as the import calls them: patiently, since what it sends may be sent again. */
export class ServiceClients {
  readonly #clients: ReadonlyMap<KindName, RpcClient>;
  readonly #addresses: Config['services'];
  readonly #signal: AbortSignal;
  readonly #traceId = randomUUID();

  /** @param signal ends the waiting between two tries */
  constructor(addresses: Config['services'], signal: AbortSignal) {
    this.#addresses = addresses;
    this.#signal = signal;
    this.#clients = new Map(kindNames.map((kind) => [kind, new RpcClient({ service: kind, ...addresses[kind] })]));
  }

  /**
   * Calls a service until it answers.
   *
   * @throws ImportStopped when it has not for a minute
   * @throws Fault when it answers with an error that another try would meet again
   */
  async call<C extends CallContract>(kind: KindName, contract: C, request: RequestOf<C>): Promise<ReplyOf<C>> {
    const giveUpAt = performance.now() + RETRY_FOR_MS;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        return await this.#callOnce(kind, contract, request, CALL_TIMEOUT_MS);
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!(error instanceof Fault && error.retryable)) throw error;
        if (performance.now() > giveUpAt) throw new ImportStopped(`for ${RETRY_FOR_MS / 1_000} s: ${error.detail}`);
      }
      await sleep(waitMs, undefined, { signal: this.#signal });
    }
  }

  /** The services that do not answer now. */
  async silent(): Promise<KindName[]> {
    const answers = await Promise.all(kindNames.map((kind) => this.#isUp(kind)));
    return kindNames.filter((_, at) => !answers[at]);
  }

  addressOf(kind: KindName): string {
    const { host, port } = this.#addresses[kind];
    return `${kind} at ${host}:${port}`;
  }

  /** What is under way ends as `Unavailable`. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #isUp(kind: KindName): Promise<boolean> {
    try {
      const { service } = await this.#callOnce(kind, kinds[kind].calls.health, {}, HEALTH_TIMEOUT_MS);
      return service === kind;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  #callOnce<C extends CallContract>(kind: KindName, contract: C, request: RequestOf<C>, timeoutMs: number): Promise<ReplyOf<C>> {
    const client = this.#clients.get(kind);
    if (client === undefined) throw new TypeError(`there is no client of ${kind}`);
    const context = { deadline: Date.now() + timeoutMs, requestId: randomUUID(), traceId: this.#traceId };
    return client.call(contract, request, context);
  }
}
