export { CannotStart, EXIT_CANNOT_START } from './cannot-start.js';
export {
  codeOfStatus,
  type ErrorCode,
  errorCodes,
  isErrorCode,
} from './codes.js';
export { assertInTime, remainingMs } from './deadline.js';
export {
  Fault,
  type FieldFault,
  faultFromWire,
  toFault,
  type WireFault,
} from './fault.js';
export {
  PROBLEM_MEDIA_TYPE,
  type Problem,
  toProblem,
} from './problem.js';
