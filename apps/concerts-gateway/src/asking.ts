import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Fault } from '#problem';
import type { Asking } from '#read-model';
import { READ_DEADLINE_MS } from '#rpc';

declare module 'fastify' {
  interface FastifyRequest {
    asking: Asking;
  }
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;
/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

/** Names a request in the logs of all processes, by its own headers where they are well formed. */
export function identify(headers: FastifyRequest['headers']): Asking {
  const requestId = headers['x-request-id'];
  const [, traceId] = TRACEPARENT.exec(String(headers.traceparent)) ?? [];
  return {
    deadline: Date.now() + READ_DEADLINE_MS,
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceId: traceId ?? randomUUID().replaceAll('-', ''),
  };
}

/** What the handler may wait for: 2 s, or less when the header `Request-Timeout` (seconds) says so. */
export const Ask = createParamDecorator((_: unknown, context: ExecutionContext): Asking => {
  const { asking, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  const timeout = headers['request-timeout'];
  if (timeout === undefined) return asking;
  const seconds = Number(timeout);
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(String(timeout)) || seconds === 0) {
    throw new Fault('ValidationError', 'the header Request-Timeout must be a number of seconds above 0', [
      { parameter: 'Request-Timeout', code: 'type', detail: 'must be a number of seconds above 0' },
    ]);
  }
  return { ...asking, deadline: Math.min(asking.deadline, Date.now() + seconds * 1_000) };
});
