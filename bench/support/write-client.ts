import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { WRITE_SECRET } from './process-system.js';

/** A client that has waited for so long has got no answer: longer than any `Prefer: wait` that is sent here. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  headers?: Record<string, string>;
  body?: object;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A client with a token and one kept connection. */
export class WriteClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** @param url of the orchestrator; or of the gateway, which does not look at the token */
  constructor(private readonly url: string) {}

  /**
   * Sends a request and reads its answer.
   * @param hangUpMs when to close the connection, answered or not
   * @returns nothing when it hung up before the whole answer was there
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  send(request: HttpRequest, hangUpMs: number | undefined): Promise<HttpAnswer | undefined>;
  send({ method, path, headers, body }: HttpRequest, hangUpMs?: number): Promise<HttpAnswer | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer | undefined>();
    const text = body && JSON.stringify(body);
    const sent = httpRequest(`${this.url}${path}`, {
      method,
      agent: this.#agent,
      timeout: REQUEST_TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${WRITE_SECRET}`,
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    });
    const hangUp = () => {
      resolve(undefined);
      sent.destroy();
    };
    const hangingUp = hangUpMs === undefined ? undefined : setTimeout(hangUp, hangUpMs);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} was not answered in ${REQUEST_TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.end(text);
    return promise.finally(() => clearTimeout(hangingUp));
  }

  close(): void {
    this.#agent.destroy();
  }
}
