import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { quoted } from '#contracts';
import { Fault } from '#problem';

/** The id in a path. One that cannot exist is no fault: there is just nothing there. */
export const PathId = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const { id } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }>>().params;
  if (/^\d+$/.test(id) && Number.isSafeInteger(Number(id))) return Number(id);
  const detail = `must be a whole number, not ${quoted(id)}`;
  throw new Fault('ValidationError', `the id in the path ${detail}`, { fields: [{ parameter: 'id', code: 'type', detail }] });
});
