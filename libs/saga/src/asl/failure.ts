/** How a state failed: what its Retry and Catch look at. */
export interface Failure {
  /** An error name: a service's own, or one of the language's that begin with `States.`. */
  error: string;
  /** For people; it is a string even where it holds JSON. */
  cause: string;
  /** An error from outside: no Retry on the way out takes it. */
  interrupted: boolean;
}

/** What AWS allows to the name of an error and to its cause. */
const MAX_ERROR_LENGTH = 256;
const MAX_CAUSE_LENGTH = 32_768;

/** A failure no longer than it may be. */
export function failureOf({ error, cause, type }: { error: string; cause: string; type?: string }): Failure {
  return {
    error: error.slice(0, MAX_ERROR_LENGTH),
    cause: cause.slice(0, MAX_CAUSE_LENGTH),
    interrupted: type === 'interrupted',
  };
}

/** A fault in a state's own work on its data: a path that finds nothing, a result that fits nowhere. */
export class StateFault extends Error {
  constructor(
    readonly error: string,
    cause: string,
  ) {
    super(cause);
  }
}

/** Something in a definition that cannot be read, such as a malformed path: the reader of the field says where. */
export class SyntaxFault extends Error {}
