import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Exchange } from '../kills/client.js';
import type { Write } from '../kills/writes.js';

/** A system that cannot keep the pace is not asked for more than this at once: then the pace is what it can do. */
const MAX_AT_ONCE = 256;

export interface Pace {
  perSecond: number;
  /** Without it there is no end but by the signal. */
  count?: number;
  /** No more are sent once it is aborted. */
  signal?: AbortSignal;
}

/** What became of some writes. */
export interface Written {
  exchanges: Exchange[];
  /** As many as there really were. */
  perSecond: number;
}

/**
 * Sends writes at a steady pace, whether those before are answered or not, each until there is a definite answer.
 * @param url of the orchestrator @param answered is told of each answer as soon as it is there
 */
export async function writeOpenLoop(
  url: string,
  { perSecond, count = Number.POSITIVE_INFINITY, signal }: Pace,
  next: () => Write,
  answered: (exchange: Exchange) => void = () => undefined,
): Promise<Written> {
  const client = new Client([url], Math.random);
  const exchanges: Exchange[] = [];
  const sending = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let sent = 0; sent < count && !signal?.aborted; sent++) {
    const earlyMs = startedAt + (1_000 * sent) / perSecond - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    while (sending.size >= MAX_AT_ONCE) await Promise.race(sending);
    const exchange = client.exchange(next()).then((done) => {
      sending.delete(exchange);
      exchanges.push(done);
      answered(done);
    });
    sending.add(exchange);
  }
  await Promise.all(sending);
  return { exchanges, perSecond: exchanges.length / ((performance.now() - startedAt) / 1_000) };
}

/** How many answers there were of each status. */
export function statusesOf(exchanges: readonly Exchange[]): string {
  const byStatus = Object.entries(Object.groupBy(exchanges, ({ answer }) => answer.status));
  return byStatus.map(([status, some = []]) => `${some.length} x ${status}`).join(', ');
}

const isNoFailure = (status: number): boolean => status > 0 && status < 500;

/**
 * A line for each write that was not answered well.
 * @param isWell by the status, which is 0 where there was no answer; by default all that does not say that the system failed
 */
export const failuresOf = (exchanges: readonly Exchange[], isWell: (status: number) => boolean = isNoFailure): string[] =>
  exchanges
    .filter(({ answer: { status } }) => !isWell(status))
    .map(({ write, answer }) => `${write.method} ${write.path} was answered with ${answer.status} ${answer.text.slice(0, 200)}`);
