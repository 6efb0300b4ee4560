import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const HOST = '127.0.0.1';
const MAX_DELAY_MS = 1_000;
/** When a request is sent a second time: long enough for others to have come in between. */
const REPEATED_WITHIN_MS = 5_000;
/** Longer than anybody waits for an answer: a server that is stopped and goes on still does what it was sent. */
const ANSWER_TIMEOUT_MS = 60_000;
/** They are of one connection only. */
const HOP_HEADERS = ['connection', 'keep-alive', 'transfer-encoding'];

/** What may become of a request, and of how many. */
const FATES = [
  ['delayed', 0.08],
  ['cut before it was sent on', 0.03],
  ['cut before it was answered', 0.04],
  ['sent again later', 0.05],
] as const;
type Fate = (typeof FATES)[number][0];

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Stands before an HTTP server; repeats and delays requests, and cuts connections before and after they were done. */
export class HttpProxy {
  /** How often each was done. */
  readonly counts: Record<Fate, number> = {
    delayed: 0,
    'cut before it was sent on': 0,
    'cut before it was answered': 0,
    'sent again later': 0,
  };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #closed = new AbortController();
  readonly #server: Server;

  private constructor(
    private readonly target: URL,
    private readonly random: () => number,
  ) {
    this.#server = createServer((incoming, outgoing) => {
      // Whatever goes wrong, the client loses its connection.
      this.#pass(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(target: string, random: () => number): Promise<HttpProxy> {
    const proxy = new HttpProxy(new URL(target), random);
    await once(proxy.#server.listen(0, HOST), 'listening');
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `http://${HOST}:${address.port}`;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#agent.destroy();
    const closed = once(this.#server.close(), 'close');
    this.#server.closeAllConnections();
    await closed;
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const fate = this.#drawn();
    if (fate) this.counts[fate] += 1;
    if (fate === 'cut before it was sent on') throw new Error(fate);
    if (fate === 'delayed') await this.#wait(MAX_DELAY_MS);
    const answer = await this.#send(incoming, body);
    if (fate === 'cut before it was answered') throw new Error(fate);
    outgoing.writeHead(answer.status, withoutHopHeaders(answer.headers)).end(answer.body);
    if (fate !== 'sent again later') return;
    await this.#wait(REPEATED_WITHIN_MS);
    // Nobody waits for the answer, and the server may be away by then.
    await this.#send(incoming, body).catch(() => undefined);
  }

  async #send({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const { hostname, port } = this.target;
    const sent = request({
      agent: this.#agent,
      hostname,
      port,
      method,
      path: url,
      headers: withoutHopHeaders(headers),
      signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    sent.end(body);
    const [response]: IncomingMessage[] = await once(sent, 'response');
    if (!response) throw new Error('an answer without a response');
    return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
  }

  #wait(mostMs: number): Promise<void> {
    return sleep(this.random() * mostMs, undefined, { signal: this.#closed.signal });
  }

  #drawn(): Fate | undefined {
    let left = this.random();
    for (const [fate, share] of FATES) {
      left -= share;
      if (left < 0) return fate;
    }
    return undefined;
  }
}

const withoutHopHeaders = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name)));
