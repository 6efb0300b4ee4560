import type { Json } from './json.js';

/**
 * What the interpreter and its caller say to one another. The interpreter is a pure function: it has no clock, does no
 * I/O and makes no promises. Its caller performs the commands, and tells how each ended and when.
 */

/** A call of a Task's resource. */
export interface TaskCommand {
  type: 'task';
  /** Names the command within its execution; another attempt of the same state has another id. */
  id: string;
  state: string;
  resource: string;
  /** The effective input, after InputPath and Parameters. */
  input: Json;
  /** 1 for the first call since the state was entered; a retry counts on. */
  attempt: number;
  /** When to call: epoch milliseconds. Later than now for a retry that has to wait. */
  notBefore: number;
  /** How long the call may take. */
  timeoutMs: number;
  /** Whether a Catch of the state, or of a state around it, takes an error of any name: only then may it be interrupted. */
  interruptible: boolean;
}

/** A Wait state: nothing to do until then. */
interface WaitCommand {
  type: 'wait';
  id: string;
  state: string;
  /** Epoch milliseconds. */
  notBefore: number;
  interruptible: boolean;
}

export type Command = TaskCommand | WaitCommand;

/** How a command ended, and when (epoch milliseconds). */
export type Outcome = { command: string; at: number } & (
  | { type: 'succeeded'; output: Json }
  | { type: 'failed'; error: string; cause: string }
  /** A Wait whose time has come. */
  | { type: 'elapsed' }
  /** An error from outside, such as a stop: it is never retried and goes to the Catch at once. */
  | { type: 'interrupted'; error: string; cause: string }
);

/** A line of the history, with the name that AWS Step Functions gives to such an event. */
export interface HistoryEvent {
  type: string;
  at: number;
  state?: string;
  [detail: string]: Json | undefined;
}

export type End = { status: 'SUCCEEDED'; output: Json } | { status: 'FAILED'; error: string; cause: string };

/** Where an execution is: plain JSON, to be kept as it is and handed back. */
export type Cursor = Json;

export interface Step {
  cursor: Cursor;
  /** All that is to be done or waited for now, those of earlier steps included; none when the execution has ended. */
  commands: Command[];
  /** What happened in this step, in order. */
  events: HistoryEvent[];
  end?: End;
}

/** Who an execution is, for the context object and for what is derived from it. */
export interface ExecutionStart {
  executionId: string;
  stateMachine: string;
  input: Json;
  /** When it was asked for: epoch milliseconds. */
  at: number;
}
