import type { Test } from './choice.js';
import type { Json } from './json.js';
import type { Data, Expression, Path, Steps } from './paths.js';
import type { Retrier } from './retry.js';

export type State = PassState | TaskState | ChoiceState | WaitState | ParallelState | MapState | SucceedState | FailState;

/** A state that runs states of its own. */
export type GroupState = ParallelState | MapState;

/** What states have in common; where a type of state has no such field, it is as if the field were left out. */
export interface StateBase {
  name: string;
  /** Null: the state's input is an empty object. */
  inputPath: Path | null;
  parameters?: Expression | undefined;
  resultSelector?: Expression | undefined;
  /** Null: the result is dropped, the output is the input. */
  resultPath: Steps | null;
  /** Null: the output is an empty object. */
  outputPath: Path | null;
  retry: readonly Retrier[];
  catch: readonly Catcher[];
  /** Null: with this state its branch ends, or the execution. */
  next: string | null;
}

export interface Catcher {
  errors: readonly string[];
  next: string;
  resultPath: Steps | null;
}

interface PassState extends StateBase {
  type: 'Pass';
  result: Json | undefined;
}

export interface TaskState extends StateBase {
  type: 'Task';
  resource: string;
  /** How long a call may take. Throws States.Runtime when a path to it finds no time. */
  timeoutMs: (data: Data) => number;
}

export interface ChoiceState extends StateBase {
  type: 'Choice';
  rules: readonly { test: Test; next: string }[];
  default: string | undefined;
}

interface WaitState extends StateBase {
  type: 'Wait';
  /** When it ends (epoch milliseconds), of when it was entered. Throws States.Runtime when a path to it finds no time. */
  until: (data: Data, enteredAt: number) => number;
}

interface ParallelState extends StateBase {
  type: 'Parallel';
  /** Where each branch starts. */
  branches: readonly string[];
}

export interface MapState extends StateBase {
  type: 'Map';
  startAt: string;
  itemsPath: Path;
  itemSelector?: Expression | undefined;
  /** 0: as many at once as the interpreter allows. */
  maxConcurrency: number;
}

interface SucceedState extends StateBase {
  type: 'Succeed';
}

export interface FailState extends StateBase {
  type: 'Fail';
  /** What they compute has to be a string. */
  error: Expression;
  cause: Expression;
}
