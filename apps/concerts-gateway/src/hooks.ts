import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '#config';
import { isNotModified, listETag } from './answers.js';
import { identify } from './asking.js';
import { refuseTooLong } from './problems.js';

/** What happens to every request and answer, whatever its route. */
export function addHooks(
  fastify: FastifyInstance,
  { config, logger, draining }: { config: Config; logger: Logger; draining: { started: boolean } },
): void {
  const cacheControl =
    config.cacheMaxAgeSeconds > 0
      ? `max-age=${config.cacheMaxAgeSeconds}, stale-while-revalidate=${config.cacheMaxAgeSeconds}`
      : 'no-cache';

  fastify.addHook('onRequest', async (request, reply) => {
    request.asking = identify(request.headers);
    reply.header('x-request-id', request.asking.requestId);
    refuseTooLong(request);
  });

  // The server lets connections go that are idle when it closes; one that is busy then has to be told.
  fastify.addHook('onSend', async (_, reply) => {
    if (draining.started) reply.header('connection', 'close');
  });

  // Registered before compression, so that an ETag is that of the list itself.
  fastify.addHook('onSend', async (request, reply, payload) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
    if (reply.statusCode !== 200 || !isRead || !Buffer.isBuffer(body)) return payload;
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', reply.hasHeader('partial') ? 'no-cache' : cacheControl);
    const given = reply.getHeader('etag');
    const etag = typeof given === 'string' ? given : listETag(body, String(reply.getHeader('content-type')));
    reply.header('etag', etag);
    // A strong ETag names bytes: compressed ones would be others. This is how the compression is told. What may be
    // compressed says so also when it is not, or a cache would give it to everybody.
    if (etag.startsWith('W/')) reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '));
    else request.headers['x-no-compression'] = '1';
    if (!isNotModified(request.headers['if-none-match'], etag)) return body;
    reply.code(304).removeHeader('content-type');
    // Of a HEAD the length is still that of the list; of a GET nothing is left to measure.
    return request.method === 'HEAD' ? body : null;
  });

  fastify.addHook('onResponse', async (request, reply) => {
    // What the framework itself refused, or answered for CORS, came by no other hook.
    request.asking ??= identify(request.headers);
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

/** Of a longer URL the log shows the beginning. */
const MAX_LOGGED_URL = 512;
