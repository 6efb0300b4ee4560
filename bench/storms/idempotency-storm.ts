import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../support/seeded-random.js';
import { type HttpAnswer, WriteClient } from '../support/write-client.js';
import { allEnded, listExecutions, pages } from './executions.js';

export interface StormSize {
  keys: number;
  requestsPerKey: number;
  /** All requests of so many keys are under way at the same time. */
  keysAtOnce: number;
}

export interface StormReport {
  executions: number;
  concerts: number;
  /** Requests by the status of their last answer, of both rounds. */
  first: Record<number, number>;
  again: Record<number, number>;
  /** Answers that said to try again. */
  retried: number;
  faults: string[];
}

/** One request in so many has another body than the rest under its key. */
const OTHER_BODY_EVERY = 10;
const FIRST_DAY = '2031-01-01';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Fewer than keys, so that requests of different keys make the same band and venue at once. */
const BANDS = 50;
const VENUES = 20;
/** A refusal for want of room or time is no answer to what was asked: the request is sent again, as a client would. */
const MAX_TRIES = 20;
const RETRY_PAUSE_MS = 250;
const TRY_AGAIN = [503, 504];

interface Sent {
  /** 0 is the body that most requests under the key have. */
  variant: number;
  answer: HttpAnswer;
}

/**
 * Sends many requests with few idempotency keys, those of one key at once and some with another body; and later all of
 * them again. Nothing else may have written concerts to the system.
 */
export async function idempotencyStorm(system: { url: string; writesUrl: string }, size: StormSize): Promise<StormReport> {
  const storm = new Storm(system.writesUrl, size);
  try {
    const first = await storm.round();
    await allEnded(storm.client);
    const again = await storm.round();
    const faults = first.flatMap((sent, key) => faultsOf(sent, again[key] ?? []).map((fault) => `key ${key}: ${fault}`));
    const executions = await listExecutions(storm.client);
    const gateway = new WriteClient(system.url);
    const concerts = await pages<{ id: number }>(gateway, `/concerts?from=${FIRST_DAY}`);
    gateway.close();
    return {
      executions: executions.length,
      concerts: new Set(concerts.map(({ id }) => id)).size,
      first: countStatuses(first),
      again: countStatuses(again),
      retried: storm.retried,
      faults,
    };
  } finally {
    storm.close();
  }
}

class Storm {
  retried = 0;
  readonly #names: string[];
  readonly #variants: number[][];
  /** By the place among the keys that are under way, and the request of the key. */
  readonly #clients: WriteClient[][];

  constructor(
    url: string,
    private readonly size: StormSize,
  ) {
    const { keys, requestsPerKey, keysAtOnce } = size;
    const random = seededRandom(keys);
    this.#names = Array.from({ length: keys }, () => randomUUID());
    this.#variants = this.#names.map(() => shuffled(variants(requestsPerKey), random));
    this.#clients = Array.from({ length: keysAtOnce }, () => Array.from({ length: requestsPerKey }, () => new WriteClient(url)));
  }

  get client(): WriteClient {
    const client = this.#clients[0]?.[0];
    if (!client) throw new Error('a storm of no requests');
    return client;
  }

  /** What came back, by the key. */
  async round(): Promise<Sent[][]> {
    const sent: Sent[][] = [];
    const lane = async (clients: readonly WriteClient[], start: number) => {
      for (let key = start; key < this.size.keys; key += this.size.keysAtOnce) {
        const all = (this.#variants[key] ?? []).map((variant, at) => this.#send(clients[at] ?? this.client, key, variant));
        sent[key] = await Promise.all(all);
      }
    };
    await Promise.all(this.#clients.map(lane));
    return sent;
  }

  async #send(client: WriteClient, key: number, variant: number): Promise<Sent> {
    const headers = { 'idempotency-key': `"${this.#names[key]}"`, prefer: 'wait=30' };
    for (let tries = 1; ; tries++) {
      const answer = await client.send({ method: 'POST', path: '/concerts', headers, body: bodyOf(key, variant) });
      if (!TRY_AGAIN.includes(answer.status) || tries === MAX_TRIES) return { variant, answer };
      this.retried += 1;
      await sleep(RETRY_PAUSE_MS);
    }
  }

  close(): void {
    for (const client of this.#clients.flat()) client.close();
  }
}

/** What is wrong with the answers under one key. */
function faultsOf(first: readonly Sent[], again: readonly Sent[]): string[] {
  const faults: string[] = [];
  const [final] = again.filter(({ answer }) => answer.status === 201);
  if (!final) return [`its replays were answered ${again.map(({ answer }) => answer.status).join()}`];
  const date: unknown = JSON.parse(final.answer.text).date;
  const winner = first.find(({ variant }) => timeOf(variant) === Number(date) % DAY_MS)?.variant;
  for (const { variant, answer } of [...first, ...again]) {
    const isRight =
      variant === winner ? answer.status === 202 || identityOf(answer) === identityOf(final.answer) : answer.status === 422;
    if (!isRight) faults.push(`variant ${variant} was answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  const begun = new Set(first.filter(({ answer }) => answer.status === 202).map(({ answer }) => answer.headers['location']));
  if (begun.size > 1) faults.push(`several executions were named: ${[...begun].join()}`);
  const unmarked = again.filter(({ answer }) => answer.status === 201 && answer.headers['idempotency-replayed'] !== 'true');
  if (unmarked.length > 0) faults.push(`${unmarked.length} replays did not say so`);
  return faults;
}

/** All of an answer that must be the same whenever it is given. */
const identityOf = ({ status, headers, text }: HttpAnswer): string =>
  JSON.stringify([status, headers['location'], headers['etag'], headers['content-type'], text]);

const bodyOf = (key: number, variant: number): object => ({
  band: { name: `Storm Band ${key % BANDS}` },
  venue: { name: `Storm Hall ${key % VENUES}`, latitude: (key % VENUES) + 0.5, longitude: 9.5, country: 'DE' },
  date: Date.parse(FIRST_DAY) + key * DAY_MS + timeOf(variant),
});

/** The time of day tells which body won. */
const timeOf = (variant: number): number => variant * HOUR_MS;

const variants = (requests: number): number[] =>
  Array.from({ length: requests }, (_, at) => (at % OTHER_BODY_EVERY === OTHER_BODY_EVERY - 1 ? (at + 1) / OTHER_BODY_EVERY : 0));

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => [random(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

function countStatuses(sent: readonly Sent[][]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { answer } of sent.flat()) counts[answer.status] = (counts[answer.status] ?? 0) + 1;
  return counts;
}
