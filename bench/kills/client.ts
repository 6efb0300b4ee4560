import { setTimeout as sleep } from 'node:timers/promises';
import { WRITE_SECRET } from '../support/process-system.js';
import type { Write } from './writes.js';

/** An orchestrator answers after two seconds at the latest, if only with 202. */
const ANSWER_TIMEOUT_MS = 5_000;
const PAUSE_MS = 200;
/** Longer than anything that a kill can hold up: what has no answer by then never gets one. */
const GIVE_UP_MS = 180_000;
const UNANSWERED = { status: 0, etag: undefined, location: undefined, text: '', isReplayed: false };

/** A definite answer, or status 0 where none came. */
export interface WriteAnswer {
  status: number;
  etag: string | undefined;
  location: string | undefined;
  text: string;
  isReplayed: boolean;
}

export interface Exchange {
  write: Write;
  /** When it was first sent, and when the answer came: epoch milliseconds. */
  sentAt: number;
  answeredAt: number;
  /** How often it was sent. */
  sendings: number;
  answer: WriteAnswer;
}

/** Sends writes to any of the orchestrators, each again and again until there is a definite answer. */
export class Client {
  constructor(
    private readonly urls: readonly string[],
    private readonly random: () => number,
  ) {}

  async exchange(write: Write): Promise<Exchange> {
    const sentAt = Date.now();
    for (let sendings = 1; ; sendings++) {
      const answer = await this.#send(write, sendings);
      if (isDefinite(answer) || Date.now() > sentAt + GIVE_UP_MS) {
        return { write, sentAt, answeredAt: Date.now(), sendings, answer: isDefinite(answer) ? answer : UNANSWERED };
      }
      if (sendings === 1 && write.isStopped && answer.status === 202) await this.#stop(answer);
      await sleep(PAUSE_MS);
    }
  }

  #send({ method, path, key, ifMatch, body, isStopped }: Write, sendings: number): Promise<WriteAnswer> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return this.#fetch(path, {
      method,
      headers: {
        'idempotency-key': `"${key}"`,
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        ...(body && { 'content-type': type }),
        ...(isStopped && sendings === 1 && { prefer: 'respond-async' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  /** Once, whatever comes of it. */
  async #stop({ location }: WriteAnswer): Promise<void> {
    await this.#fetch(`${location}/stop`, { method: 'POST', headers: {} });
  }

  async #fetch(path: string, init: { method: string; headers: Record<string, string>; body?: string }): Promise<WriteAnswer> {
    const url = this.urls[Math.floor(this.random() * this.urls.length)];
    const headers = { ...init.headers, authorization: `Bearer ${WRITE_SECRET}` };
    try {
      const response = await fetch(`${url}${path}`, { ...init, headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      return {
        status: response.status,
        etag: response.headers.get('etag') ?? undefined,
        location: response.headers.get('location') ?? undefined,
        text: await response.text(),
        isReplayed: response.headers.get('idempotency-replayed') === 'true',
      };
    } catch {
      return UNANSWERED; // killed, or about to start: it is sent again
    }
  }
}

const isDefinite = ({ status }: WriteAnswer): boolean => (status >= 200 && status < 500 && status !== 202) || status === 500;
