import { hash, timingSafeEqual } from 'node:crypto';
import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WriteToken } from '#config';
import { describeProblem } from '#http';
import { Fault } from '#problem';

declare module 'fastify' {
  interface FastifyContextConfig {
    needsToken?: boolean;
  }
  interface FastifyRequest {
    /** The name of the token that came with it. */
    caller: string;
  }
}

/** The handler is for those who have a token. */
export const NeedsToken = (): MethodDecorator =>
  applyDecorators(
    RouteConfig({ needsToken: true }),
    ApiBearerAuth(),
    describeProblem('Unauthorized', { 'WWW-Authenticate': 'the scheme to answer with: Bearer (RFC 6750)' }),
  );

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Finds out who asks, before the body is read.
 * @returns a hook that throws Unauthorized without the secret of a token
 */
export function authenticate(tokens: readonly WriteToken[]): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const known = tokens.map(({ name, secret }) => ({ name, digest: digestOf(secret) }));
  return async (request, reply) => {
    if (!request.routeOptions.config.needsToken) return;
    reply.header('www-authenticate', 'Bearer');
    if (known.length === 0) throw new Fault('Unauthorized', 'writes are closed: the variable WRITE_TOKENS names no token');
    const [, secret] = BEARER.exec(request.headers.authorization ?? '') ?? [];
    if (secret === undefined) throw new Fault('Unauthorized', 'the header Authorization must be "Bearer" and a token');
    const digest = digestOf(secret);
    // Digests are of one length, and all of them are compared: the time that it takes tells nothing about any secret.
    const [caller] = known.filter((token) => timingSafeEqual(token.digest, digest));
    if (!caller) throw new Fault('Unauthorized', 'the token is not known');
    reply.removeHeader('www-authenticate');
    request.caller = caller.name;
  };
}

const digestOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');
