import { Agent, get, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Oracle } from './oracle.js';
import type { BenchSystem } from './system.js';
import { type BenchQuery, pathOf, type Workload } from './workloads.js';

/** A block of requests ends early after this, so that a run ends whatever the figures are. */
const MAX_BLOCK_MS = 10_000;
/** The gateway answers within 2 s, with a problem if need be. */
const REQUEST_TIMEOUT_MS = 5_000;
const CHECKED_QUERIES = 60;
/** The CPU time of a process is counted in steps of 10 ms: what still runs when a block ends shall not count for the next. */
const SETTLE_MS = 5;

/** What a block of requests of one workload took. */
export interface Block {
  tookMs: number[];
  /** Requests that were answered with a problem: too late, as a rule. Their times count. */
  failed: number;
  /** Of all processes, for one request; undefined where the system does not tell. */
  cpuMs: number | undefined;
  entries: number[];
  /** Of which those of the index of positions. */
  circleEntries: number[];
  rows: number[];
}

/** A workload against a running system, with its requests made: the cursors are those of this system. */
export class Contender {
  private constructor(
    readonly system: BenchSystem,
    readonly workload: Workload,
    private readonly client: Client,
    private readonly paths: readonly string[],
  ) {}

  static async of(system: BenchSystem, workload: Workload): Promise<Contender> {
    const client = new Client(system.url);
    const paths: string[] = [];
    for (const query of workload.queries) paths.push(await pathWithCursor(client, query));
    return new Contender(system, workload, client, paths);
  }

  /** The queries whose ids are not those that the oracle finds, of the first 60. */
  async mismatches(oracle: Oracle): Promise<string[]> {
    const wrong: string[] = [];
    for (const [at, query] of this.workload.queries.slice(0, CHECKED_QUERIES).entries()) {
      const path = this.paths[at] ?? '';
      const { isAnswer, body } = await this.client.get(path);
      const ids = isAnswer ? rowsOf(body).map(({ id }) => id) : [body];
      if (ids.join() !== oracle.ids(query).join()) wrong.push(path);
    }
    return wrong;
  }

  /** All requests once, one after the other, over one kept connection. */
  async block(): Promise<Block> {
    await sleep(SETTLE_MS);
    const block: Block = { tookMs: [], failed: 0, cpuMs: undefined, entries: [], circleEntries: [], rows: [] };
    const cpuBefore = await this.system.cpuMs();
    const end = performance.now() + MAX_BLOCK_MS;
    for (const path of this.paths) {
      const { isAnswer, body, headers, tookMs } = await this.client.get(path);
      block.tookMs.push(tookMs);
      block.failed += isAnswer ? 0 : 1;
      block.entries.push(entriesRead(headers, /;desc="(\d+) entries"/g));
      block.circleEntries.push(entriesRead(headers, /circle;[^,]*desc="(\d+) entries"/g));
      block.rows.push(isAnswer ? rowsOf(body).length : 0);
      if (performance.now() > end) break;
    }
    await sleep(SETTLE_MS);
    const cpuAfter = await this.system.cpuMs();
    if (cpuBefore !== undefined && cpuAfter !== undefined) block.cpuMs = (cpuAfter - cpuBefore) / block.tookMs.length;
    return block;
  }

  close(): void {
    this.client.close();
  }
}

interface Answer {
  /** Or a problem. */
  isAnswer: boolean;
  body: string;
  headers: IncomingHttpHeaders;
  /** From before the request to the last byte of the answer. */
  tookMs: number;
}

/** One kept connection; it asks for no compression. */
class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(readonly url: string) {}

  get(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const request = get(`${this.url}${path}`, { agent: this.#agent, timeout: REQUEST_TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const tookMs = performance.now() - start;
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ isAnswer: response.statusCode === 200, body, headers: response.headers, tookMs });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${path} was not answered in ${REQUEST_TIMEOUT_MS} ms`)));
      request.on('error', reject);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const rowsOf = (body: string): { id: number }[] => JSON.parse(body);

const entriesRead = (headers: IncomingHttpHeaders, pattern: RegExp): number =>
  Array.from(String(headers['server-timing']).matchAll(pattern), ([, entries]) => Number(entries)).reduce((sum, n) => sum + n, 0);

/**
 * A cursor is opaque, and following pages into the middle of time would take long for each query: the cursor of the
 * first page is opened and its key replaced. Should cursors ever look otherwise, the gateway refuses it.
 */
async function pathWithCursor(client: Client, query: BenchQuery): Promise<string> {
  const path = pathOf(query);
  if (!query.after) return path;
  const { isAnswer, body, headers } = await client.get(path);
  if (!isAnswer) throw new Error(`${path} is not answered: ${body.slice(0, 500)}`);
  const cursor = headers['next-cursor'];
  // All is on the first page: there is no cursor, and the page is what is measured.
  if (typeof cursor !== 'string') return pathOf({ ...query, to: query.after.date });
  const [hash] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  const deep = Buffer.from(JSON.stringify([hash, query.after.date, query.after.id])).toString('base64url');
  return `${path}&cursor=${deep}`;
}
