import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const HOST = '127.0.0.1';
/** Of the pieces that pass. */
const DELAYED_SHARE = 0.05;
const CUT_SHARE = 0.005;
const MAX_DELAY_MS = 500;

/** Stands before a TCP server; holds pieces back for a while, and cuts connections. */
export class TcpProxy {
  delays = 0;
  cuts = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;

  private constructor(
    private readonly targetPort: number,
    private readonly random: () => number,
  ) {
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param targetPort of a server on this machine, which need not be there yet */
  static async start(targetPort: number, random: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort, random);
    await once(proxy.#server.listen(0, HOST), 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const server = connect(this.targetPort, HOST);
    const both = [client, server];
    for (const socket of both) {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    }
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // One that ended or failed takes the other with it, as a cut does.
      this.#pass(from, to)
        .catch(() => undefined)
        .finally(() => {
          for (const socket of both) socket.destroy();
        });
    }
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    for await (const piece of from) {
      if (this.random() < CUT_SHARE) {
        this.cuts += 1;
        return;
      }
      if (this.random() < DELAYED_SHARE) {
        this.delays += 1;
        await sleep(this.random() * MAX_DELAY_MS);
      }
      if (!to.write(piece)) await once(to, 'drain');
    }
  }
}
