import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TObject } from 'typebox';
import { CHANGE_TOKEN_FORM, parseChangeToken, quoted, type WrittenVersion } from '#contracts';
import { type Clean, type ParameterCheck, parameterCheck, rawQueryOf } from '#http';
import type { FieldFault } from '#problem';

/** What is right of a read, all that is wrong with it, and what its answer must show. */
export interface CleanRead<T> extends Clean<T> {
  afterChange: readonly WrittenVersion[];
}

/** The parameters of a read by their schema, and its header `After-Change`. */
export const ReadParameters = (schema: TObject) => CleanedRead({ check: parameterCheck(schema) });

const CleanedRead = createParamDecorator(({ check }: { check: ParameterCheck<TObject> }, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return withAfterChange(check.ofQuery(rawQueryOf(request)), request.headers['after-change']);
});

/** Adds what the header `After-Change` names, or what is wrong with it. */
export function withAfterChange<T>({ value, faults }: Clean<T>, header: string | string[] | undefined): CleanRead<T> {
  if (header === undefined) return { value, faults, afterChange: [] };
  const afterChange = parseChangeToken(String(header));
  if (afterChange) return { value, faults, afterChange };
  return { value, faults: [...faults, malformed(String(header))], afterChange: [] };
}

const malformed = (header: string): FieldFault => ({
  parameter: 'After-Change',
  code: 'malformed',
  detail: `must be the Change-Token of a write: ${CHANGE_TOKEN_FORM}, not ${quoted(header)}`,
});
