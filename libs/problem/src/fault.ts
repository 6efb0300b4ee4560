import { type ErrorCode, errorCodes, isErrorCode } from './codes.js';

/** One thing that is wrong with a request: where (a parameter's name or a JSON pointer), which rule, and a sentence. */
export interface FieldFault {
  parameter: string;
  code: string;
  detail: string;
}

/** A failure as it crosses the wire between services: data, never an exception. */
export interface WireFault {
  code: ErrorCode;
  retryable: boolean;
  detail: string;
  fields?: FieldFault[];
}

export interface FaultOptions extends ErrorOptions {
  fields?: FieldFault[] | undefined;
}

/** A failure with a code of the one list. The place that knows the cause words `detail`; nobody catches to rename. */
export class Fault extends Error {
  override readonly name = 'Fault';

  readonly fields: FieldFault[] | undefined;

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    { fields, ...options }: FaultOptions = {},
  ) {
    super(`${code}: ${detail}`, options);
    this.fields = fields;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  toWire(): WireFault {
    return {
      code: this.code,
      retryable: this.retryable,
      detail: this.detail,
      ...(this.fields && { fields: this.fields }),
    };
  }
}

const isFieldFault = (value: unknown): value is FieldFault =>
  typeof value === 'object' &&
  value !== null &&
  'parameter' in value &&
  typeof value.parameter === 'string' &&
  'code' in value &&
  typeof value.code === 'string' &&
  'detail' in value &&
  typeof value.detail === 'string';

/** The fault that a peer sent. A peer that sends anything else is itself at fault, and that is `Internal`. */
export function faultFromWire(value: unknown): Fault {
  if (typeof value !== 'object' || value === null || !('code' in value) || !isErrorCode(value.code)) {
    return new Fault('Internal', 'a service answered with an error of no known form');
  }
  const detail = 'detail' in value && typeof value.detail === 'string' ? value.detail : errorCodes[value.code].title;
  const fields = 'fields' in value && Array.isArray(value.fields) ? value.fields.filter(isFieldFault) : undefined;
  return new Fault(value.code, detail, { fields });
}

/** Any thrown thing as a fault: what is not one of ours is `Internal`, with the cause kept for the log only. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('Internal', 'an unexpected error; the log of this process has its cause', { cause: error });
}
