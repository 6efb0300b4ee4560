import { expect } from '@jest/globals';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { makeAjv } from '#contracts';
import type { Problem } from '#problem';

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

/** An answer of the API; `body` is parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: unknown;
}

/**
 * The only HTTP client of the tests. Every answer is held against the OpenAPI document: a status, a media type or a
 * body that it does not describe fails the test.
 */
export class ApiClient {
  private readonly ajv: Ajv2020 = makeAjv({ strict: false });
  private readonly validators = new Map<object, ValidateFunction>();

  private constructor(
    readonly url: string,
    private readonly document: OpenApi,
    private readonly headers: Record<string, string>,
  ) {}

  /** @param headers that every request has */
  static async of(url: string, headers: Record<string, string> = {}): Promise<ApiClient> {
    const document: OpenApi = JSON.parse(await (await fetch(`${url}/openapi.json`)).text());
    return new ApiClient(url, document, headers);
  }

  /** The same client with other headers. */
  with(headers: Record<string, string>): ApiClient {
    return new ApiClient(this.url, this.document, headers);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PUT', path, body, headers);
  }

  patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PATCH', path, body, headers);
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('DELETE', path, { headers });
  }

  private send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
    return this.request(method, path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async request(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { ...this.headers, ...Object.fromEntries(new Headers(init.headers)) };
    const response = await fetch(`${this.url}${path}`, { ...init, headers, method });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
    // Rows of which only some columns were asked for are described column by column only.
    this.check(method, path, answer);
    return answer;
  }

  /** The rows of a list, which must be answered with 200. */
  async rows<Row = Record<string, unknown>>(path: string): Promise<Row[]> {
    const { status, body, text } = await this.get(path);
    if (status !== 200 || !Array.isArray(body)) throw new Error(`${path} answered ${status}: ${text.slice(0, 500)}`);
    return body;
  }

  /** The problem of a request that must fail with this status. */
  async problem(path: string, status: number): Promise<Problem> {
    const answer = await this.get(path);
    expect({ path, status: answer.status }).toEqual({ path, status });
    return this.problemIn(answer);
  }

  problemIn({ text, headers }: Answer): Problem {
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    return JSON.parse(text);
  }

  /** All pages of a list, followed by their next links; each must be whole. */
  async pages<Row = Record<string, unknown>>(path: string): Promise<Row[][]> {
    const pages: Row[][] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body, headers, text }: Answer = await this.get(next);
      if (!Array.isArray(body)) throw new Error(`${next} answered ${status}: ${text.slice(0, 500)}`);
      const missing = headers.get('partial');
      if (missing !== null) throw new Error(`${next} was answered without ${missing}`);
      pages.push(body);
      next = nextLink(headers);
    }
    return pages;
  }

  private check(method: string, path: string, { status, headers, body, text }: Answer): void {
    const operation = this.operationOf(method, path);
    if (!operation) {
      // What no operation describes is refused, with a problem.
      if (status >= 400) expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      return;
    }
    const described = operation.responses[status];
    if (!described)
      throw new Error(`${method} ${path} answered ${status}, which the document does not describe: ${text.slice(0, 300)}`);
    if (!described.content || status === 304 || method === 'HEAD') {
      if (status === 204) expect(text).toBe('');
      return;
    }
    const mediaType = (headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const content = described.content[mediaType];
    if (!content) throw new Error(`${method} ${path} answered ${mediaType}, which the document does not describe`);
    const validate = this.validators.get(content.schema) ?? this.ajv.compile(content.schema);
    this.validators.set(content.schema, validate);
    if (!validate(mediaType.endsWith('json') ? body : text)) {
      throw new Error(
        `${method} ${path} answered what the document does not describe: ${JSON.stringify(validate.errors?.slice(0, 3))}`,
      );
    }
  }

  private operationOf(method: string, path: string): Operation | undefined {
    const plain = path.split('?', 1)[0] ?? '';
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    const matching = Object.keys(this.document.paths).filter((template) =>
      new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
    );
    // The most literal template is the one that is routed to.
    const template = matching.sort((a, b) => a.split('{').length - b.split('{').length)[0];
    return template === undefined ? undefined : this.document.paths[template]?.[verb];
  }
}

/** The address in `Link: rel="next"`, if there is one. */
const nextLink = (headers: Headers): string | undefined => /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
