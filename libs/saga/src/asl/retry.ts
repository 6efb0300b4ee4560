import { createHash } from 'node:crypto';
import type { Fields } from './fields.js';
import { LONGEST_SECONDS } from './time-fields.js';

/** AWS lets no retry wait longer than 366 days. */
const MAX_DELAY_SECONDS = 31_622_400;

/** Catches and retries any error but those that nothing takes. */
export const ALL_ERRORS = 'States.ALL';

/** What AWS allows to MaxAttempts. */
const MAX_ATTEMPTS = 99_999_999;

/** The names that the language itself gives to errors. */
const RESERVED_ERRORS = new Set([
  ALL_ERRORS,
  'States.BranchFailed',
  'States.DataLimitExceeded',
  'States.ExceedToleratedFailureThreshold',
  'States.HeartbeatTimeout',
  'States.IntrinsicFailure',
  'States.ItemReaderFailed',
  'States.NoChoiceMatched',
  'States.ParameterPathFailure',
  'States.Permissions',
  'States.ResultPathMatchFailure',
  'States.ResultWriterFailed',
  'States.Runtime',
  'States.TaskFailed',
  'States.Timeout',
]);

export interface Retrier {
  errors: readonly string[];
  intervalSeconds: number;
  backoffRate: number;
  maxAttempts: number;
  maxDelaySeconds: number;
  jitter: boolean;
}

/** Whose retry it is: what a random number of it is made of. */
export interface Attempt {
  executionId: string;
  state: string;
  attempt: number;
}

/** The Retry of a state. */
export function readRetriers(fields: Fields): Retrier[] {
  const list = fields.objects('Retry');
  return list.map((retrier, index) => readRetrier(retrier, index === list.length - 1));
}

/** The ErrorEquals of a retrier or catcher. */
export function readErrors(fields: Fields, isLast: boolean): string[] {
  const names = fields.value('ErrorEquals');
  if (!Array.isArray(names) || names.length === 0) {
    fields.fault('ErrorEquals', 'must be an array with at least one error name');
    return [];
  }
  const errors = names.filter((name) => typeof name === 'string');
  if (errors.length < names.length || errors.includes('')) fields.fault('ErrorEquals', 'must have error names only');
  for (const error of errors) {
    if (error.startsWith('States.') && !RESERVED_ERRORS.has(error)) fields.fault('ErrorEquals', `${error} is no error's name`);
  }
  if (errors.includes(ALL_ERRORS) && (errors.length > 1 || !isLast)) {
    fields.fault('ErrorEquals', `${ALL_ERRORS} must be alone, and in the last of the list`);
  }
  return errors;
}

/** Whether an error's name is among those of a retrier or catcher, as AWS takes them. */
export function matchesError(errors: readonly string[], error: string): boolean {
  // A fault of the state machine itself: AWS lets nothing take it, not even its own name.
  if (error === 'States.Runtime') return false;
  if (errors.includes(error) || errors.includes(ALL_ERRORS)) return true;
  return errors.includes('States.TaskFailed') && error !== 'States.Timeout';
}

/** How long a retry waits in milliseconds, when its retrier has been used so many times before. */
export function delayMs(retrier: Retrier, used: number, attempt: Attempt): number {
  const seconds = Math.min(retrier.intervalSeconds * retrier.backoffRate ** used, retrier.maxDelaySeconds);
  return Math.round(seconds * 1_000 * (retrier.jitter ? fraction(attempt) : 1));
}

function readRetrier(fields: Fields, isLast: boolean): Retrier {
  const errors = readErrors(fields, isLast);
  const intervalSeconds = fields.integer('IntervalSeconds', { min: 1, max: LONGEST_SECONDS }) ?? 1;
  const maxDelaySeconds = fields.integer('MaxDelaySeconds', { min: 1, max: MAX_DELAY_SECONDS });
  if (maxDelaySeconds !== undefined && maxDelaySeconds <= intervalSeconds) {
    fields.fault('MaxDelaySeconds', 'must be greater than IntervalSeconds');
  }
  const retrier = {
    errors,
    intervalSeconds,
    backoffRate: fields.number('BackoffRate', { min: 1, max: Number.MAX_VALUE }) ?? 2,
    maxAttempts: fields.integer('MaxAttempts', { min: 0, max: MAX_ATTEMPTS }) ?? 3,
    maxDelaySeconds: maxDelaySeconds ?? MAX_DELAY_SECONDS,
    jitter: fields.option('JitterStrategy', ['FULL', 'NONE']) === 'FULL',
  };
  fields.end();
  return retrier;
}

/** A number from 0 up to 1 that is the same whenever the same attempt is asked for. */
function fraction({ executionId, state, attempt }: Attempt): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([executionId, state, attempt]))
    .digest();
  return hash.readUInt32BE() / 2 ** 32;
}
