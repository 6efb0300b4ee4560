import { applyDecorators, type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import { ProblemDocument } from '#contracts';
import { type ErrorCode, errorCodes, PROBLEM_MEDIA_TYPE } from '#problem';
import { assertNoParameters } from './parameters.js';

export interface Endpoint {
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
  /** Media types in which it is answered as a text, too. */
  texts?: readonly string[];
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

/** The handler takes no parameters in its query: one that is given is a fault. */
export const RefuseParameters = (): MethodDecorator => UseGuards(NoParameters);

/** Describes a handler in the OpenAPI document, from the schemas that check its requests. */
export function Describe(endpoint: Endpoint): MethodDecorator {
  const { summary, id, parameters, body, list, record, texts = [], headers = {}, unavailable } = endpoint;
  const schema = list ? { type: 'array', items: rowSchema(list, parameters ?? body) } : plain(record);
  const answerHeaders = describedHeaders({
    ...(list && !body && listHeaders),
    ...(record && id && { ETag: 'the version, for If-None-Match' }),
    ...headers,
  });
  const content = {
    'application/json': { schema },
    ...Object.fromEntries(texts.map((mediaType) => [mediaType, { schema: { type: 'string' as const } }])),
  };
  return applyDecorators(
    ApiOperation({ summary }),
    ...(parameters ? [] : [RefuseParameters()]),
    ...(id ? [describeId(id)] : []),
    ...describeParameters(parameters),
    ...(body ? [ApiBody({ schema: plain(body) })] : []),
    ApiResponse({ status: 200, description: 'the answer', headers: answerHeaders, content }),
    ...(body ? [] : [ApiResponse({ status: 304, description: 'the answer that If-None-Match names is still the answer' })]),
    ...problemsOf({ id, body }).map((code) => describeProblem(code)),
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
export const describedHeaders = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );

/** A schema is plain data in the document; what TypeBox adds for itself is not enumerable and is left behind. */
export const plain = (schema: TSchema | undefined): object => JSON.parse(JSON.stringify(schema ?? {}));

/** The row of a list. Where columns can be chosen, none of them is always there. */
function rowSchema(row: TSchema, parameters: TObject | undefined): object {
  const schema: { required?: string[] } = plain(row);
  if (parameters && Object.hasOwn(parameters.properties, 'fields')) delete schema.required;
  return schema;
}

/** The id in the path. */
export const describeId = (kind: string): MethodDecorator =>
  ApiParam({ name: 'id', description: `of the ${kind}`, schema: { type: 'integer', minimum: 0 } });

/** The parameters that a query may have. */
export const describeParameters = (parameters: TObject | undefined): MethodDecorator[] =>
  Object.entries(parameters?.properties ?? {}).map(([name, property]) => queryParameter(name, property));

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

/** Says that a handler may answer with the problem of this code. */
export const describeProblem = (code: ErrorCode, headers: Readonly<Record<string, string>> = {}): MethodDecorator =>
  ApiResponse({
    status: errorCodes[code].status,
    description: errorCodes[code].title,
    headers: describedHeaders(headers),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: plain(ProblemDocument) } },
  });
