import type { Json } from './asl/json.js';

/** One call of a Task's resource. Sent twice, it must have one effect: the same execution and state say the same. */
export interface TaskCall {
  resource: string;
  input: Json;
  /** What an earlier answer wanted to be told again, beside the input. */
  memo: { [name: string]: Json };
  executionId: string;
  state: string;
  attempt: number;
  /** When the answer is of no use any more: epoch milliseconds. */
  deadline: number;
}

/**
 * How a call ended. `repeat` changes nothing in the state machine: it is kept, and the same call is made again with these
 * members beside its input. `error` is a name for Retry and Catch.
 */
export type TaskAnswer = { output: Json } | { repeat: { [name: string]: Json } } | { error: string; cause: string };

/** Performs the calls of Tasks. It never rejects. */
export type TaskCaller = (task: TaskCall) => Promise<TaskAnswer>;
