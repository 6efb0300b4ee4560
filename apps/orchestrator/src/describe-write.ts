import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { TObject } from 'typebox';
import { StartedExecution } from '#contracts';
import { describedHeaders, describeId, describeParameters, describeProblem, plain, RefuseParameters } from '#http';
import type { ErrorCode } from '#problem';
import { NeedsToken } from './authenticate.js';
import { MERGE_PATCH } from './media-types.js';

interface WriteEndpoint {
  /** What runs for it, which is also the operation's id. */
  stateMachine: string;
  summary: string;
  /** What the id in the path is of; without one something new is made. */
  id?: string;
  parameters?: TObject;
  body?: TObject;
  /** It is a merge patch. */
  isPatch?: boolean;
  /** What is written, as it is answered; nothing when it is deleted. */
  written?: TObject;
  /** A body that may be sent, to try it out. */
  example?: object;
}

const EVERY_WRITE: readonly ErrorCode[] = [
  'ValidationError',
  'Conflict',
  'ContentTooLarge',
  'UriTooLong',
  'UnsupportedMediaType',
  'UnprocessableContent',
  'HeaderFieldsTooLarge',
  'Internal',
  'Unavailable',
  'Timeout',
];

/** Describes a handler that writes, and asks for a token. */
export function DescribeWrite(endpoint: WriteEndpoint): MethodDecorator {
  const { stateMachine, summary, id, parameters, body, isPatch, written, example } = endpoint;
  const content = written && { content: { 'application/json': { schema: plain(written) } } };
  const headers = describedHeaders({
    ...everyAnswer,
    ...replayed,
    'Change-Token': 'what was written, with versions: a read that sends it back as After-Change sees at least that',
    ...(written && { ETag: 'the version, for If-Match' }),
    ...(!id && { Location: 'where it is read' }),
  });
  const status = !id ? 201 : written ? 200 : 204;
  return applyDecorators(
    ApiOperation({ summary, operationId: stateMachine }),
    NeedsToken(),
    ...(parameters ? [] : [RefuseParameters()]),
    ...(id ? [describeId(id), ifMatch] : []),
    ...describeParameters(parameters),
    idempotencyKey,
    prefer,
    ...(body ? [ApiBody({ schema: { ...plain(body), ...(example && { example }) } })] : []),
    ...(isPatch ? [ApiConsumes(MERGE_PATCH, 'application/json')] : []),
    ApiResponse({ status, description: 'done', headers, ...content }),
    started,
    ...EVERY_WRITE.map((code) => describeProblem(code, replayed)),
    ...(id ? changeProblems : []),
  );
}

const everyAnswer = {
  'Idempotency-Key': 'the key of the request, made where it had none: sent again with it, it is done once',
  'Preference-Applied': 'the preferences that are honoured',
};
const replayed = { 'Idempotency-Replayed': 'true when the request was answered before' };

const started = ApiResponse({
  status: 202,
  description: 'begun; it reaches an end, whatever happens',
  headers: describedHeaders({ ...everyAnswer, Location: 'where its execution is looked at' }),
  content: { 'application/json': { schema: plain(StartedExecution) } },
});

const changeProblems = (['NotFound', 'PreconditionFailed', 'PreconditionRequired'] as const).map((code) =>
  describeProblem(code, replayed),
);

const header = (name: string, description: string, required: boolean) =>
  ApiHeader({ name, description, required, schema: { type: 'string' } });

const ifMatch = header('If-Match', 'the ETag of the version that is to be changed, or * for any', true);
const idempotencyKey = header('Idempotency-Key', 'a string in quotes; the same for the same request', false);
const prefer = header('Prefer', 'respond-async, or wait= and the seconds to wait for the end: 0 to 30, 2 without it', false);
