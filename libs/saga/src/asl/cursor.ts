import { isObject, type Json } from './json.js';
import type { Cursor, ExecutionStart } from './step.js';

/** A state since it was entered. */
export type Visit = {
  state: string;
  /** The how many'th of the execution it is: no two have the same. */
  entry: number;
  enteredAt: number;
  /** The state's input as it came, before InputPath. */
  input: Json;
  /** How often each of the state's retriers was used. */
  retries: number[];
};

/** A Task that is called, a Wait, or a Parallel or Map that waits to be tried again. */
export type Waiting = Visit & { notBefore: number };

/** A Parallel or Map that runs. */
export type Grouped = Visit & { branches: Branch[] };

export type Activity = Waiting | Grouped;

/** A branch that runs, or what it ended with. Of a Map, those that have not been started are yet to be added. */
export type Branch = Activity | { output: Json };

/** What a cursor is while its execution runs; afterwards it is null. */
export type Position = {
  start: Pick<ExecutionStart, keyof ExecutionStart>;
  /** How many states have been entered. */
  entries: number;
  activity: Activity;
};

/** Takes a cursor for what `start` and `advance` made it; null when its execution has ended. */
export function positionOf(cursor: Cursor): Position | null {
  if (cursor === null) return null;
  if (!isPosition(cursor)) throw new TypeError('The cursor of an execution is not one that the interpreter made');
  return cursor;
}

/** 1 for the first call, or the first run of the branches, since the state was entered. */
export function attemptOf({ retries }: Visit): number {
  return retries.reduce((sum, used) => sum + used, 1);
}

export function visitOf({ state, entry, enteredAt, input, retries }: Activity): Visit {
  return { state, entry, enteredAt, input, retries };
}

export function isGrouped(activity: Activity): activity is Grouped {
  return 'branches' in activity;
}

export function hasEnded(branch: Branch): branch is { output: Json } {
  return 'output' in branch;
}

function isPosition(cursor: Json): cursor is Position {
  return isObject(cursor) && isObject(cursor['start']) && isObject(cursor['activity']) && typeof cursor['entries'] === 'number';
}
