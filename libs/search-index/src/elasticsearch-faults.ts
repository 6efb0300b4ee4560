import { type ErrorCode, Fault } from '#problem';
import { IndexGone } from './concert-index.js';

/** Some reasons name all that was asked for. */
const MAX_REASON_LENGTH = 300;

// The client's errors are told apart by their names, since its package is loaded only by who opens a client.

/** What Elasticsearch answered a request with that it did not carry out. */
export interface Refusal {
  status: number;
  /** Such as `index_not_found_exception`. */
  type: string;
  reason: string;
}

/** Nothing where the error is no answer of Elasticsearch. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!isResponseError(error)) return undefined;
  const cause = error.body?.error;
  if (typeof cause === 'object' && cause !== null) return { status: error.statusCode, ...causeOf(cause) };
  return { status: error.statusCode, type: 'unknown', reason: typeof cause === 'string' ? cause : 'without a reason' };
}

/** The index is there, but not the document. */
export const isDocumentMissing = (error: unknown): boolean =>
  isResponseError(error) && error.statusCode === 404 && error.body?.found === false;

/** What the client threw, as who fills an index is told it. What is none of the client's errors stays as it is. */
export function toIndexError(error: unknown): unknown {
  const refusal = refusalOf(error);
  if (refusal) return refusal.type === 'index_not_found_exception' ? new IndexGone(refusal.reason) : toFault(refusal, error);
  if (!(error instanceof Error)) return error;
  switch (error.name) {
    case 'TimeoutError':
    // A request is aborted by its own deadline alone.
    case 'RequestAbortedError':
      return new Fault('Timeout', 'Elasticsearch did not answer in time', { cause: error });
    case 'ConnectionError':
    case 'NoLivingConnectionsError':
      return new Fault('Unavailable', `Elasticsearch cannot be reached: ${withoutPorts(error.message)}`, {
        cause: error,
      });
    case 'DeserializationError':
      return new Fault('Unavailable', 'the answer of Elasticsearch cannot be read', { cause: error });
    case 'ProductNotSupportedError':
      return new Fault('Unavailable', 'what answers is not Elasticsearch', { cause: error });
    default:
      return error;
  }
}

/** The same in one short line, for a log or for who asks how the index is. */
export function indexReason(error: unknown): string {
  if (isDocumentMissing(error)) return 'the document is not in the index';
  const known = toIndexError(error);
  const reason = known instanceof Fault ? known.detail : known instanceof IndexGone ? known.message : String(known);
  return reason.replaceAll(/\s+/g, ' ').slice(0, MAX_REASON_LENGTH);
}

const toFault = ({ status, type, reason }: Refusal, cause: unknown): Fault =>
  new Fault(codeOf(status), `Elasticsearch answered ${status}, ${type}: ${reason}`, { cause });

function codeOf(status: number): ErrorCode {
  // 413: a proxy takes less at once than Elasticsearch does.
  if (status === 429 || status === 413) return 'Overloaded';
  if (status === 408 || status === 504) return 'Timeout';
  // 401 and 403: a login that is mended, or an index that is blocked for a while, makes no request a wrong one.
  return status === 401 || status === 403 || status >= 500 ? 'Unavailable' : 'Internal';
}

/** The client adds both ends of the connection, of which ours is another one each time. */
const withoutPorts = (message: string): string => message.replace(/ - Local: .*/s, '');

type ResponseError = Error & { statusCode: number; body?: { error?: unknown; found?: unknown } };

const isResponseError = (error: unknown): error is ResponseError =>
  error instanceof Error && error.name === 'ResponseError' && 'statusCode' in error && typeof error.statusCode === 'number';

function causeOf(cause: object): Pick<Refusal, 'type' | 'reason'> {
  const type = 'type' in cause ? String(cause.type) : 'unknown';
  return { type, reason: 'reason' in cause ? String(cause.reason) : 'without a reason' };
}
