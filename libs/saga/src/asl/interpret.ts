import { positionOf } from './cursor.js';
import type { Definition } from './definition.js';
import type { Cursor, ExecutionStart, Outcome, Step } from './step.js';
import { StepRun } from './step-run.js';

/** The first step of an execution. */
export function start(definition: Definition, { executionId, stateMachine, input, at }: ExecutionStart): Step {
  return new StepRun(definition, { executionId, stateMachine, input, at }, { at, entries: 0 }).begin();
}

/**
 * The step that follows from how a command ended. An outcome of a command that is not under way (it is late, or told for
 * the second time) changes nothing: the cursor and its commands are given back, without an event. Throws when the cursor is
 * not one of this definition; whatever else is wrong fails the execution.
 */
export function advance(definition: Definition, cursor: Cursor, outcome: Outcome): Step {
  const position = positionOf(cursor);
  if (!position) return { cursor, commands: [], events: [] };
  const { start, entries, activity } = position;
  const run = new StepRun(definition, start, { at: outcome.at, entries });
  return run.resume(activity, outcome) ?? { cursor, commands: run.commands(activity), events: [] };
}
