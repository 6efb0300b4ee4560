import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { TObject, TSchema } from 'typebox';
import { ProblemDocument } from '#contracts';
import { type ErrorCode, errorCodes, PROBLEM_MEDIA_TYPE } from '#problem';

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
  /** Details may be missing from the answer when a service is away. */
  partial?: boolean;
}

/** Describes a handler in the OpenAPI document, from the schemas that check its requests. */
export function Describe({ summary, id, parameters, body, list, record, partial }: Endpoint): MethodDecorator {
  const schema = list ? { type: 'array', items: plain(list) } : plain(record);
  const headers = {
    ...(list && listHeaders),
    ...(record && { ETag: text('the version, for If-None-Match') }),
    ...(partial && { Partial: text('services whose details are missing, which are null in the rows') }),
  };
  return applyDecorators(
    ApiOperation({ summary }),
    ...(id ? [ApiParam({ name: 'id', description: `of the ${id}`, schema: { type: 'integer', minimum: 0 } })] : []),
    ...Object.entries(parameters?.properties ?? {}).map(([name, property]) => queryParameter(name, property)),
    ...(body ? [ApiBody({ schema: plain(body) })] : []),
    ApiResponse({ status: 200, description: 'the answer', headers, content: { 'application/json': { schema } } }),
    ...(body ? [] : [ApiResponse({ status: 304, description: 'the answer that If-None-Match names is still the answer' })]),
    ...problemsOf({ id, parameters, body, list, record }).map((code) => problemResponse(code)),
  );
}

const text = (description: string) => ({ description, schema: { type: 'string' as const } });

const listHeaders = {
  ETag: text('a weak hash of the list, for If-None-Match'),
  Link: text('rel="first" and, when there is more, rel="next" (RFC 8288)'),
  'Next-Cursor': text('the cursor of the next page, when there is one'),
  'Server-Timing': text('the stages of the answer: milliseconds, and entries of indexes read'),
};

// A schema is plain data in the document; what TypeBox adds for itself is not enumerable and is left behind.
const plain = (schema: TSchema | undefined): object => JSON.parse(JSON.stringify(schema ?? {}));

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

function problemsOf({ id, parameters, body }: Pick<Endpoint, 'id' | 'parameters' | 'body' | 'list' | 'record'>): ErrorCode[] {
  return [
    ...(id || parameters || body ? (['ValidationError'] as const) : []),
    ...(id ? (['NotFound'] as const) : []),
    ...(body ? (['ContentTooLarge', 'UnsupportedMediaType'] as const) : []),
    ...(parameters ? (['UriTooLong', 'HeaderFieldsTooLarge'] as const) : []),
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
