/**
 * Every error this system can answer with, once: its code on the wire between the services, its HTTP status and
 * title (RFC 9110), and whether the same request may succeed when it is sent again.
 */
export const errorCodes = {
  ValidationError: { status: 400, title: 'Bad Request', retryable: false },
  Unauthorized: { status: 401, title: 'Unauthorized', retryable: false },
  NotFound: { status: 404, title: 'Not Found', retryable: false },
  MethodNotAllowed: {
    status: 405,
    title: 'Method Not Allowed',
    retryable: false,
  },
  NotAcceptable: { status: 406, title: 'Not Acceptable', retryable: false },
  RequestTimeout: { status: 408, title: 'Request Timeout', retryable: true },
  Conflict: { status: 409, title: 'Conflict', retryable: false },
  /** A step of a saga that comes after its own undo. */
  Cancelled: { status: 409, title: 'Conflict', retryable: false },
  /** A place in a feed that is not there any more, or was never: who reads on from it would miss something. */
  CursorExpired: { status: 410, title: 'Gone', retryable: false },
  /** A store is as it was before something that its reader was told: versions that he knows will come a second time. */
  StoreWentBack: { status: 410, title: 'Gone', retryable: false },
  PreconditionFailed: { status: 412, title: 'Precondition Failed', retryable: false },
  ContentTooLarge: {
    status: 413,
    title: 'Content Too Large',
    retryable: false,
  },
  UriTooLong: { status: 414, title: 'URI Too Long', retryable: false },
  UnsupportedMediaType: {
    status: 415,
    title: 'Unsupported Media Type',
    retryable: false,
  },
  ExpectationFailed: {
    status: 417,
    title: 'Expectation Failed',
    retryable: false,
  },
  UnprocessableContent: { status: 422, title: 'Unprocessable Content', retryable: false },
  PreconditionRequired: { status: 428, title: 'Precondition Required', retryable: false },
  HeaderFieldsTooLarge: {
    status: 431,
    title: 'Request Header Fields Too Large',
    retryable: false,
  },
  Internal: { status: 500, title: 'Internal Server Error', retryable: false },
  Unavailable: { status: 503, title: 'Service Unavailable', retryable: true },
  Overloaded: { status: 503, title: 'Service Unavailable', retryable: true },
  Timeout: { status: 504, title: 'Gateway Timeout', retryable: true },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(errorCodes, code);

/** The first code of the list with this HTTP status; statuses that the list does not know count as `Internal`. */
export function codeOfStatus(status: number): ErrorCode {
  const code = Object.keys(errorCodes).find((name) => isErrorCode(name) && errorCodes[name].status === status);
  if (isErrorCode(code)) return code;
  return status >= 400 && status < 500 ? 'ValidationError' : 'Internal';
}
