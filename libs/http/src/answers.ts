import type { FastifyReply } from 'fastify';

/** Sends a single record. Its ETag is strong, so its bytes are never compressed on the way. */
export function sendRecord(reply: FastifyReply, record: object, etag: string | undefined): void {
  if (etag !== undefined) reply.header('etag', etag);
  void reply.type('application/json; charset=utf-8').send(Buffer.from(JSON.stringify(record)));
}
