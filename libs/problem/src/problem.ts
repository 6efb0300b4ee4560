import { type ErrorCode, errorCodes } from './codes.js';
import type { Fault, FieldFault } from './fault.js';

/** A problem document (RFC 9457). `statusCode` and `error` repeat the status for clients older than the RFC. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: FieldFault[];
  statusCode: number;
  error: string;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The stable `type` of a problem: a URN, since an installation has no address that we could know. */
const problemType = (code: ErrorCode): string =>
  `urn:backline:problem:${code.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`;

/** @param instance the path and query of the request that failed */
export function toProblem(fault: Fault, instance: string): Problem {
  const { status, title } = errorCodes[fault.code];
  return {
    type: problemType(fault.code),
    title,
    status,
    detail: fault.detail,
    instance,
    ...(fault.fields && { errors: fault.fields }),
    statusCode: status,
    error: title,
  };
}
