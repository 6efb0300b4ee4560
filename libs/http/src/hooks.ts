import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { isNotModified, listETag } from './etags.js';
import type { HttpMetrics } from './http-metrics.js';
import { refuseTooLong } from './http-server.js';
import { identify } from './request-identity.js';

/** Of a longer URL the log shows the beginning. */
const MAX_LOGGED_URL = 512;

export interface HookOptions {
  /** What an answer to a GET says about caching where it does not say it itself. */
  cacheControl: string;
  logger: Logger;
  metrics: HttpMetrics;
  /** Aborted when the server is on its way out. */
  draining: AbortSignal;
}

/** What happens to every request and answer, whatever its route. */
export function addHooks(fastify: FastifyInstance, { cacheControl, logger, metrics, draining }: HookOptions): void {
  fastify.addHook('onRequest', async (request, reply) => {
    request.asking = identify(request.headers);
    metrics.begin(reply);
    reply.header('x-request-id', request.asking.requestId);
    refuseTooLong(request);
  });

  // The server lets connections go that are idle when it closes; one that is busy then has to be told.
  fastify.addHook('onSend', async (_, reply) => {
    if (draining.aborted) reply.header('connection', 'close');
  });

  // Registered before compression, so that an ETag is that of the list itself.
  fastify.addHook('onSend', async (request, reply, payload) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const given = reply.getHeader('etag');
    // A strong ETag names bytes: compressed ones would be others. This is how the compression is told.
    if (typeof given === 'string' && !given.startsWith('W/')) request.headers['x-no-compression'] = '1';
    if (reply.statusCode !== 200 || !isRead || !Buffer.isBuffer(body)) return payload;
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', cacheControl);
    const etag = typeof given === 'string' ? given : listETag(body, String(reply.getHeader('content-type')));
    reply.header('etag', etag);
    // What may be compressed says so also when it is not, or a cache would give it to everybody.
    if (etag.startsWith('W/')) reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '));
    if (!isNotModified(request.headers['if-none-match'], etag)) return body;
    reply.code(304).removeHeader('content-type');
    // Of a HEAD the length is still that of the list; of a GET nothing is left to measure.
    return request.method === 'HEAD' ? body : null;
  });

  fastify.addHook('onResponse', async (request, reply) => {
    // What the framework itself refused, or answered for CORS, came by no other hook.
    request.asking ??= identify(request.headers);
    metrics.answered(request, reply);
    const { requestId, traceId } = request.asking;
    const { method, url } = request;
    logger.info(
      {
        requestId,
        traceId,
        method,
        url: url.slice(0, MAX_LOGGED_URL),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 100) / 100,
      },
      'answered',
    );
  });
}
