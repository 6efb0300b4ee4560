import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '#problem';

/** RFC 7396. */
export const MERGE_PATCH = 'application/merge-patch+json';

/** Lets the server read merge patches; plain JSON it reads by itself. */
export function takeMergePatches(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(MERGE_PATCH, { parseAs: 'string' }, fastify.getDefaultJsonParser('error', 'error'));
  fastify.addHook('onRequest', async ({ method, headers }: FastifyRequest) => {
    const isMergePatch = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === MERGE_PATCH;
    if (isMergePatch && method !== 'PATCH') throw new Fault('UnsupportedMediaType', `${method} takes application/json`);
  });
}
