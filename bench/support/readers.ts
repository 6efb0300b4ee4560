import { setTimeout as sleep } from 'node:timers/promises';
import { delaysText } from './percentiles.js';

/** A client that has waited for so long has got no answer. */
const GIVE_UP_MS = 10_000;
/** Between two requests of a client: quick refusals must not become a flood that slows all else on the machine. */
const PAUSE_MS = 50;

/** One request of a reader and what came of it. */
export interface Reading {
  path: string;
  /** By `performance.now()`. */
  startedAt: number;
  tookMs: number;
  /** 0 when no answer came. */
  status: number;
  /** The parts of the rows that the answer says are missing. */
  partial: string | undefined;
  /** What is wrong with it, other than its status: an answer must be right, partial, or a problem document. */
  fault: string | undefined;
}

export const isWell = ({ status, partial, fault }: Reading): boolean => status === 200 && !partial && !fault;

/** Clients that read without a pause, each one path after another, and compare what they get with what they got at first. */
export class Readers {
  readonly readings: Reading[] = [];
  readonly #expected = new Map<string, string>();
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  private constructor(
    private readonly url: string,
    private readonly paths: readonly string[],
  ) {}

  /** Reads each path once, which must be well, and then starts the clients. */
  static async start(url: string, paths: readonly string[], clients: number): Promise<Readers> {
    const readers = new Readers(url, paths);
    for (const path of paths) {
      const response = await fetch(url + path);
      if (response.status !== 200 || response.headers.has('partial')) throw new Error(`${path} answers ${response.status}`);
      readers.#expected.set(path, await response.text());
    }
    for (let client = 0; client < clients; client++) readers.#running.push(readers.#run(client));
    return readers;
  }

  async stop(): Promise<Reading[]> {
    this.#isOver = true;
    await Promise.all(this.#running);
    return this.readings;
  }

  /** Milliseconds until every path is answered in full again, or `timeoutMs` when that does not happen. */
  async well(timeoutMs: number): Promise<number> {
    const start = performance.now();
    while (performance.now() - start < timeoutMs) {
      const readings = await Promise.all(this.paths.map((path) => this.#read(path)));
      if (readings.every(isWell)) return performance.now() - start;
      await sleep(PAUSE_MS);
    }
    return timeoutMs;
  }

  async #run(client: number): Promise<void> {
    for (let at = client; !this.#isOver; at++) {
      const path = this.paths[at % this.paths.length];
      if (path !== undefined) this.readings.push(await this.#read(path));
      await sleep(PAUSE_MS);
    }
  }

  async #read(path: string): Promise<Reading> {
    const startedAt = performance.now();
    const ended = (rest: Pick<Reading, 'status' | 'partial' | 'fault'>) => ({
      path,
      startedAt,
      tookMs: performance.now() - startedAt,
      ...rest,
    });
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(GIVE_UP_MS) });
      const text = await response.text();
      const partial = response.headers.get('partial') ?? undefined;
      return ended({ status: response.status, partial, fault: this.#faultOf(path, response, text) });
    } catch (error) {
      const { message, cause } = error instanceof Error ? error : new Error(String(error));
      return ended({ status: 0, partial: undefined, fault: `${message} ${cause instanceof Error ? cause.message : ''}` });
    }
  }

  #faultOf(path: string, { status, headers }: Response, text: string): string | undefined {
    if (status !== 200) {
      const isProblem = headers.get('content-type')?.startsWith('application/problem+json') && text.includes('"statusCode":');
      return isProblem ? undefined : `no problem document: ${text.slice(0, 200)}`;
    }
    const expected = this.#expected.get(path) ?? '';
    const isRight = headers.has('partial') ? idsIn(text) === idsIn(expected) : text === expected;
    return isRight ? undefined : `another answer than before: ${text.slice(0, 200)}`;
  }
}

/** The ids of the rows, in their order: these are never missing. */
const idsIn = (text: string): string => (text.match(/"id":\d+/g) ?? []).join();

/** Reads of every kind, of a world that `generateWorld` made: its first band is its most popular. */
export function mixedPaths({ latitude, longitude }: { latitude: number; longitude: number }): string[] {
  const place = `latitude=${latitude}&longitude=${longitude}`;
  return [
    '/concerts?bandIds=1&limit=20',
    '/concerts?bandIds=1,2,3,4,5,6,7,8,9,10&limit=20',
    `/concerts?${place}&radius=10&limit=20`,
    `/concerts?${place}&radius=500&limit=20`,
    `/concerts?bandIds=1,2,3&${place}&radius=2000&limit=20`,
    '/concerts?from=2020-01-01&to=2020-02-01&limit=20',
    '/concerts/1',
    '/bands/1',
    '/bands?limit=20',
    '/bands/1/concerts?limit=20',
    '/venues/1',
    `/venues?${place}&radius=50`,
    '/venues/1/concerts?limit=20',
    '/events?limit=20',
  ];
}

/** "1234 answers: 1200 x 200, 34 x 503; p50 3 ms, p99 12 ms, most 40 ms". */
export function summary(readings: readonly Reading[]): string {
  const counts = Object.entries(
    Object.groupBy(readings, ({ status, partial }) => `${status || 'none'}${partial ? ' partial' : ''}`),
  );
  const kinds = counts.map(([kind, some = []]) => `${some.length} x ${kind}`).join(', ');
  return `${readings.length} answers: ${kinds}; ${delaysText(readings.map(({ tookMs }) => tookMs))}`;
}
