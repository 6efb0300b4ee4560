import { randomUUID } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Fault } from '#problem';
import { type CallContext, READ_DEADLINE_MS } from '#rpc';

declare module 'fastify' {
  interface FastifyRequest {
    asking: Omit<CallContext, 'deadline'>;
  }
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;
/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

/** Names a request in the logs of all processes, by its own headers where they are well formed. */
export function identify(headers: FastifyRequest['headers']): Omit<CallContext, 'deadline'> {
  const requestId = headers['x-request-id'];
  const [, traceId] = TRACEPARENT.exec(String(headers.traceparent)) ?? [];
  return {
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceId: traceId ?? randomUUID().replaceAll('-', ''),
  };
}

/** What the handler may wait for: 2 s, or less when the header `Request-Timeout` (seconds) says so. */
export const Ask = createParamDecorator((_: unknown, context: ExecutionContext): CallContext => {
  const { asking, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  const timeout = headers['request-timeout'] ?? READ_DEADLINE_MS / 1_000;
  const seconds = Number(timeout);
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(String(timeout)) || seconds === 0) {
    throw new Fault('ValidationError', 'the header Request-Timeout must be a number of seconds above 0', {
      fields: [{ parameter: 'Request-Timeout', code: 'type', detail: 'must be a number of seconds above 0' }],
    });
  }
  // From here on: the time that a client takes to send its body is its own.
  return { ...asking, deadline: Date.now() + Math.min(READ_DEADLINE_MS, seconds * 1_000) };
});
