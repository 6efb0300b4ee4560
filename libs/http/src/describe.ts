import { applyDecorators, type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import { ProblemDocument } from '#contracts';
import { type ErrorCode, errorCodes, PROBLEM_MEDIA_TYPE } from '#problem';
import { assertNoParameters } from './parameters.js';

interface Endpoint {
  summary: string;
  /** What the id in the path is of. */
  id?: string;
  /** The parameters of the query. */
  parameters?: TObject;
  /** The parameters in a JSON body. */
  body?: TObject;
  /** The answer: a list of these, or one. */
  list?: TSchema;
  record?: TSchema;
  /** What the answer says in headers beside these: each with a sentence. */
  headers?: Readonly<Record<string, string>>;
  /** What a 503 answers here instead of a problem. */
  unavailable?: TSchema;
}

/** Refuses every parameter where an endpoint has none. */
class NoParameters implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    assertNoParameters(context.switchToHttp().getRequest<FastifyRequest>());
    return true;
  }
}

/** Describes a handler in the OpenAPI document, from the schemas that check its requests. */
export function Describe({ summary, id, parameters, body, list, record, headers = {}, unavailable }: Endpoint): MethodDecorator {
  const schema = list ? { type: 'array', items: rowSchema(list, parameters ?? body) } : plain(record);
  const answerHeaders = describedHeaders({
    ...(list && !body && listHeaders),
    ...(record && id && { ETag: 'the version, for If-None-Match' }),
    ...headers,
  });
  return applyDecorators(
    ApiOperation({ summary }),
    ...(parameters ? [] : [UseGuards(NoParameters)]),
    ...(id ? [ApiParam({ name: 'id', description: `of the ${id}`, schema: { type: 'integer', minimum: 0 } })] : []),
    ...Object.entries(parameters?.properties ?? {}).map(([name, property]) => queryParameter(name, property)),
    ...(body ? [ApiBody({ schema: plain(body) })] : []),
    ApiResponse({ status: 200, description: 'the answer', headers: answerHeaders, content: { 'application/json': { schema } } }),
    ...(body ? [] : [ApiResponse({ status: 304, description: 'the answer that If-None-Match names is still the answer' })]),
    ...problemsOf({ id, body }).map((code) => problemResponse(code)),
    ...(unavailable
      ? [ApiResponse({ status: 503, description: 'not ready', content: { 'application/json': { schema: plain(unavailable) } } })]
      : []),
  );
}

const listHeaders = {
  ETag: 'a weak hash of the list, for If-None-Match',
  Link: 'rel="first" and, when there is more, rel="next" (RFC 8288)',
};

/** Headers of an answer as the document has them, each with a sentence. */
const describedHeaders = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );

// A schema is plain data in the document; what TypeBox adds for itself is not enumerable and is left behind.
const plain = (schema: TSchema | undefined): object => JSON.parse(JSON.stringify(schema ?? {}));

/** The row of a list. Where columns can be chosen, none of them is always there. */
function rowSchema(row: TSchema, parameters: TObject | undefined): object {
  const schema: { required?: string[] } = plain(row);
  if (parameters && Object.hasOwn(parameters.properties, 'fields')) delete schema.required;
  return schema;
}

function queryParameter(name: string, property: TSchema): MethodDecorator {
  const { description, ...schema }: { description?: string } = plain(property);
  return ApiQuery({
    name,
    required: false,
    style: 'form',
    explode: false,
    schema,
    ...(description && { description }),
  });
}

function problemsOf({ id, body }: Pick<Endpoint, 'id' | 'body'>): ErrorCode[] {
  return [
    'ValidationError',
    ...(id ? (['NotFound'] as const) : []),
    ...(body ? (['ContentTooLarge', 'UnsupportedMediaType'] as const) : []),
    'UriTooLong',
    'HeaderFieldsTooLarge',
    'Internal',
    'Unavailable',
    'Timeout',
  ];
}

const problemResponse = (code: ErrorCode): MethodDecorator =>
  ApiResponse({
    status: errorCodes[code].status,
    description: errorCodes[code].title,
    content: { [PROBLEM_MEDIA_TYPE]: { schema: plain(ProblemDocument) } },
  });
