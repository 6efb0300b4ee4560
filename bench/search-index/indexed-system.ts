import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#clock';
import { byService, readConfig, serviceNames } from '#config';
import type { ServiceCallers } from '#rpc';
import {
  completeUntil,
  ElasticsearchIndices,
  IndexGone,
  OwnerServices,
  openElasticsearch,
  type Verification,
  verify,
} from '#search-index';
import type { OwnElasticsearch } from '../support/own-elasticsearch.js';
import { freePorts, tcpPortVariables } from '../support/ports.js';
import { ProcessSystem } from '../support/process-system.js';
import { seededRandom } from '../support/seeded-random.js';
import { HttpProxy } from './http-proxy.js';
import { TcpProxy } from './tcp-proxy.js';

/** Until the index is there and the gateway answers from it, on a busy machine. */
const SERVED_TIMEOUT_MS = 120_000;
const POLL_MS = 100;
const COMPLETE_POLL_MS = 20;
/** Of a hundred thousand concerts, on a busy machine. */
const VERIFY_TIMEOUT_MS = 120_000;
const SHOWN_DIFFERENCES = 20;
const PAGE = 1_000;
/** A page that waits for nobody. */
const READ_TIMEOUT_MS = 10_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

type SearchClient = Awaited<ReturnType<typeof openElasticsearch>>;

export interface IndexedOptions {
  elasticsearch: OwnElasticsearch;
  /** Of a replica set, with a database of this system's own; without one the stores are SQLite files. */
  mongoUrl?: string | undefined;
  /** Between the indexer and whatever it talks to stand proxies that do harm. */
  isDisturbed?: boolean;
}

interface Parts {
  processes: ProcessSystem;
  alias: string;
  search: SearchClient;
  callers: ServiceCallers;
  proxies: Proxies | undefined;
}

/** The last comparison of an index with the services. */
interface Equality extends Verification {
  /** Until the index said that all was in it, and until the comparison was done. */
  caughtUpMs: number;
  tookMs: number;
  /** A line for each difference, and one when it took too long. */
  broken: string[];
}

/** A system of processes with a search index, and what looks at that from outside. */
export class IndexedSystem {
  readonly processes: ProcessSystem;
  readonly alias: string;
  /** Asks Elasticsearch itself, whatever stands between it and the indexer. */
  readonly search: SearchClient;
  readonly indices: ElasticsearchIndices;
  readonly #services: OwnerServices;
  readonly #proxies: Proxies | undefined;
  #stack = new AsyncDisposableStack();

  private constructor({ processes, alias, search, callers, proxies }: Parts) {
    this.processes = processes;
    this.alias = alias;
    this.search = search;
    this.indices = new ElasticsearchIndices(search, alias);
    this.#services = new OwnerServices({ callers, clock: systemClock, run: randomUUID() });
    this.#proxies = proxies;
  }

  /** Resolves when the gateway answers from the index, which is empty. */
  static async start({ elasticsearch, mongoUrl, isDisturbed = false }: IndexedOptions): Promise<IndexedSystem> {
    await using stack = new AsyncDisposableStack();
    const alias = `bench-${randomUUID().slice(0, 8)}`;
    const ports = await freePorts(serviceNames.length);
    const variables = {
      ...tcpPortVariables(ports),
      ELASTICSEARCH_URL: elasticsearch.url,
      ELASTICSEARCH_ALIAS: alias,
      READ_MODEL: 'elasticsearch',
      ...(mongoUrl !== undefined && { MONGO_URL: mongoUrl }),
    };
    const { elasticsearch: config } = readConfig(variables);
    if (!config) throw new Error('there is no URL of an Elasticsearch');
    const proxies = isDisturbed ? await Proxies.start(elasticsearch.url, ports) : undefined;
    stack.defer(() => proxies?.close());
    const processes = await ProcessSystem.start(variables, proxies && { indexer: proxies.variables });
    stack.defer(() => processes.close());
    const search = await openElasticsearch(config);
    stack.defer(() => search.close());
    const callers = byService((service) => processes.client(service));
    stack.defer(() => {
      for (const caller of Object.values(callers)) caller.close();
    });
    const system = new IndexedSystem({ processes, alias, search, callers, proxies });
    await system.untilServed();
    system.#stack = stack.move();
    return system;
  }

  /** Resolves when the gateway answers from the index. */
  async untilServed(): Promise<void> {
    for (const deadline = Date.now() + SERVED_TIMEOUT_MS; ; await sleep(POLL_MS)) {
      const { servedBy } = await this.read('/concerts?bandIds=1');
      if (servedBy === 'elasticsearch') return;
      if (Date.now() > deadline) throw new Error(`the index does not come to be: ${this.processes.process('indexer').printed}`);
    }
  }

  /** Compares the index behind the alias with the services. */
  async verify(timeoutMs: number): Promise<Verification> {
    const index = await this.indices.current();
    if (index === undefined) throw new Error('there is no index');
    const ground = { clock: systemClock, random: Math.random, logger: silent };
    const storeIds = await this.#services.storeIds();
    const { indices } = this;
    return verify({ ground, services: this.#services, indices, index, storeIds }, AbortSignal.timeout(timeoutMs));
  }

  /** Waits until the index says that all of before is in it, and compares until there is no difference, or the time is over. */
  async untilEqual(timeoutMs: number): Promise<Equality> {
    const startedAt = performance.now();
    const caughtUpMs = await this.untilCompleteSince(Date.now(), timeoutMs);
    for (;;) {
      const verification = await this.verify(VERIFY_TIMEOUT_MS);
      const tookMs = performance.now() - startedAt;
      const { differences } = verification;
      if (differences.length > 0 && tookMs <= timeoutMs) continue;
      const broken = [
        ...differences.slice(0, SHOWN_DIFFERENCES).map((difference) => `differs: ${JSON.stringify(difference)}`),
        ...(tookMs > timeoutMs ? [`it took ${Math.round(tookMs)} ms until they were equal`] : []),
      ];
      return { ...verification, caughtUpMs, tookMs, broken };
    }
  }

  /**
   * Waits until all that was committed before a moment is in the index, as that says itself.
   * @param since epoch milliseconds @returns how long it took; `timeoutMs` when it did not come to be so
   */
  async untilCompleteSince(since: number, timeoutMs: number): Promise<number> {
    const startedAt = performance.now();
    while (performance.now() - startedAt < timeoutMs) {
      if ((await this.#completeUntil()) >= since) return performance.now() - startedAt;
      await sleep(COMPLETE_POLL_MS);
    }
    return timeoutMs;
  }

  async read(path: string): Promise<{ status: number; servedBy: string | null; next: string | undefined; text: string }> {
    const { url } = this.processes;
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
    const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    return { status: response.status, servedBy: response.headers.get('served-by'), next, text: await response.text() };
  }

  /** The first page of every concert there is. */
  allPath(limit: number): string {
    return `/concerts?status=any&from=0001-01-01T00:00:00Z&limit=${limit}`;
  }

  /** All concerts as the gateway shows them, by the read model that is named. @throws Error when another answers */
  async allRows(by: 'services' | 'elasticsearch'): Promise<{ id: number }[]> {
    const rows: { id: number }[] = [];
    const first = by === 'services' ? `${this.allPath(PAGE)}&consistency=strong` : this.allPath(PAGE);
    for (let path: string | undefined = first; path !== undefined; ) {
      const { status, servedBy, next, text } = await this.read(path);
      if (status !== 200 || servedBy !== by) throw new Error(`${path} was answered with ${status} by ${servedBy}, not ${by}`);
      rows.push(...JSON.parse(text));
      path = next;
    }
    return rows;
  }

  /** Rows that one read model has otherwise than the other: a line each. Nothing must be written meanwhile. */
  async disagreements(): Promise<string[]> {
    const [services, index] = [await this.allRows('services'), await this.allRows('elasticsearch')];
    if (JSON.stringify(services) === JSON.stringify(index)) return [];
    const shown = new Map(index.map((row) => [row.id, JSON.stringify(row)]));
    const others = services.flatMap((row) => {
      const found = shown.get(row.id);
      shown.delete(row.id);
      return found === JSON.stringify(row) ? [] : [`services: ${JSON.stringify(row)}, index: ${found ?? 'nothing'}`];
    });
    const lines = [...others, ...[...shown.values()].map((row) => `services: nothing, index: ${row}`)];
    return lines.length > 0 ? lines : ['the same rows in another order'];
  }

  async #completeUntil(): Promise<number> {
    try {
      const index = await this.indices.current();
      const stored = index === undefined ? undefined : await this.indices.readCheckpoint(index);
      return stored ? completeUntil(stored.checkpoint) : Number.NEGATIVE_INFINITY;
    } catch (error) {
      // Another has just taken its place.
      if (error instanceof IndexGone) return Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  /** The proxies do no harm any more. */
  calm(): void {
    this.#proxies?.calm();
  }

  /** What the proxies did, by its name. */
  get disturbances(): Record<string, number> {
    return this.#proxies?.counts ?? {};
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Between the indexer and Elasticsearch, and between the indexer and each service. */
class Proxies {
  private constructor(
    private readonly http: HttpProxy,
    private readonly tcp: readonly TcpProxy[],
    /** From now on they do no harm. */
    readonly calm: () => void,
  ) {}

  static async start(elasticsearch: string, ports: readonly number[]): Promise<Proxies> {
    const drawn = seededRandom(3);
    let isCalm = false;
    // No harm is done by what is drawn so high.
    const random = () => (isCalm ? 1 : drawn());
    return new Proxies(
      await HttpProxy.start(elasticsearch, random),
      await Promise.all(ports.map((port) => TcpProxy.start(port, random))),
      () => {
        isCalm = true;
      },
    );
  }

  get variables(): Record<string, string> {
    return { ELASTICSEARCH_URL: this.http.url, ...tcpPortVariables(this.tcp.map(({ port }) => port)) };
  }

  get counts(): Record<string, number> {
    const sum = (of: (proxy: TcpProxy) => number) => this.tcp.reduce((total, proxy) => total + of(proxy), 0);
    const cuts = sum((proxy) => proxy.cuts);
    return { ...this.http.counts, 'pieces held back': sum((proxy) => proxy.delays), 'connections to services cut': cuts };
  }

  async close(): Promise<void> {
    await Promise.all([this.http, ...this.tcp].map((proxy) => proxy.close()));
  }
}
