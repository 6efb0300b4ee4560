import { hash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import canonicalize from 'canonicalize';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '#config';
import { Fault } from '#problem';
import type { Engine, Execution, Json } from '#saga';
import { sendExecution } from './answer.js';
import { idempotencyKeyHeader, readIdempotencyKey } from './idempotency-key.js';
import { readPreferences } from './prefer.js';

/** Until then an execution has begun, or the client is told to try again. */
const START_TIMEOUT_MS = 5_000;

/**
 * An input as JSON. The data of a state may be 256 KiB, and there must be room for what services answer: what has gone
 * past its last write cannot be refused any more.
 */
const MAX_INPUT_BYTES = 65_536;

/** What the answer to a write is made of. */
export interface WriteContext {
  request: FastifyRequest;
  reply: FastifyReply;
  stateMachine: string;
  /** What decides beside the body: the parameters of the query. */
  query?: Record<string, string>;
}

/** Writes, each in these stages: its caller is known (authenticate.ts), it is read, cleaned, started, waited for, answered. */
export class Writes {
  constructor(
    private readonly engine: Engine,
    private readonly config: Config,
    private readonly draining: AbortSignal,
  ) {
    setMaxListeners(0, draining); // every request that waits is one
  }

  /** @param clean makes the input of the state machine of the request; throws ValidationError with every fault of a body */
  async answer(context: WriteContext, clean: () => object | Promise<object>): Promise<void> {
    const { request, reply } = context;
    const key = readIdempotencyKey(request.headers['idempotency-key']);
    const { waitMs, applied } = readPreferences(request.headers.prefer);
    const input = asJson(await clean());
    assertNotTooLarge(input);
    reply.header('idempotency-key', idempotencyKeyHeader(key));
    if (applied !== '') reply.header('preference-applied', applied);
    const { execution, begun } = await this.start(context, key, input);
    const seen = execution.status === 'RUNNING' && waitMs > 0 ? await this.wait(execution, waitMs) : execution;
    if (!begun && seen.status !== 'RUNNING') reply.header('idempotency-replayed', 'true');
    sendExecution(reply, seen);
  }

  /** @throws Fault UnprocessableContent when the key was used for another request */
  private async start({ request, stateMachine, query }: WriteContext, key: string, input: Json) {
    const asked = askedBy(request, query);
    const fingerprint = hash('sha256', canonicalize(asked) ?? '', 'base64url');
    const expiresAt = Date.now() + this.config.orchestrator.idempotencyRetentionMs;
    const started = await this.engine.start(
      {
        stateMachine,
        input,
        request: asked,
        idempotencyKey: { caller: request.caller, key, fingerprint, expiresAt },
      },
      { deadline: Date.now() + START_TIMEOUT_MS },
    );
    if (started.execution.idempotencyKey.fingerprint === fingerprint) return started;
    throw new Fault('UnprocessableContent', 'the Idempotency-Key was used for another request; a new one needs a new key', {
      fields: [{ parameter: 'Idempotency-Key', code: 'reused', detail: 'was used for another request' }],
    });
  }

  /** The execution when it has ended; or as it is when the time is over, or when the process is on its way out. */
  private async wait(execution: Execution, waitMs: number): Promise<Execution> {
    const { promise, resolve } = Promise.withResolvers<Execution>();
    const giveUp = () => resolve(execution);
    if (this.draining.aborted) return execution;
    this.draining.addEventListener('abort', giveUp);
    try {
      return await Promise.race([this.engine.ended(execution.id, { deadline: Date.now() + waitMs }), promise]);
    } finally {
      this.draining.removeEventListener('abort', giveUp);
    }
  }
}

/** All that makes a request what it is, and nothing that may be different when it is sent again. */
function askedBy({ method, url, headers, body }: FastifyRequest, query: Record<string, string> = {}): Json {
  return { method, path: url.split('?', 1)[0] ?? '', query, ifMatch: headers['if-match'] ?? null, body: asJson(body ?? null) };
}

function assertNotTooLarge(input: Json): void {
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > MAX_INPUT_BYTES)
    throw new Fault('ContentTooLarge', `a write may be ${MAX_INPUT_BYTES} bytes long as JSON, this one has ${bytes}`);
}

/** As it is journaled. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));
