import {
  advance,
  type Definition,
  type End,
  type HistoryEvent,
  type Json,
  type JsonObject,
  loadDefinition,
  type Step,
  start,
  type TaskCommand,
} from '../../src/index.js';

/** When every driven execution starts: 2026-03-01T12:00:00Z. */
export const START_MS = Date.UTC(2026, 2, 1, 12);

/** How a call of a Task ends. */
export type Answer = { output: Json } | { error: string; cause?: string } | { interrupted: string };

/** The answers to the calls of each Task, in order. */
export type Answers = { [state: string]: Answer[] };

export interface Driven {
  steps: Step[];
  calls: TaskCommand[];
  /** The names of the states as they were entered. */
  entered: string[];
  events: HistoryEvent[];
  end: End | undefined;
}

/** Loads a machine that starts at the first of its states. */
export function machine(states: JsonObject): Definition {
  return loadDefinition({ StartAt: Object.keys(states)[0] ?? '', States: states });
}

export function begin(definition: Definition, input: Json = {}): Step {
  return start(definition, { executionId: 'execution-1', stateMachine: 'machine-1', input, at: START_MS });
}

/** Runs a machine to its end. Time passes only where something has to be waited for. */
export function drive(states: JsonObject, input: Json = {}, answers: Answers = {}): Driven {
  const definition = machine(states);
  const left = new Map(Object.entries(answers).map(([state, list]) => [state, [...list]]));
  const steps = [begin(definition, input)];
  const calls: TaskCommand[] = [];
  for (let step = steps.at(-1), at = START_MS; step; step = steps.at(-1)) {
    const [command] = step.commands.toSorted((one, other) => one.notBefore - other.notBefore);
    if (!command) break;
    at = Math.max(at, command.notBefore);
    if (command.type === 'wait') {
      steps.push(advance(definition, step.cursor, { type: 'elapsed', command: command.id, at }));
      continue;
    }
    calls.push(command);
    const answer = left.get(command.state)?.shift();
    if (!answer) throw new Error(`No answer is given for call ${command.attempt} of ${command.state}`);
    steps.push(advance(definition, step.cursor, { ...outcomeOf(answer), command: command.id, at }));
  }
  const events = steps.flatMap((step) => step.events);
  const entered = events.flatMap(({ type, state }) => (type.endsWith('StateEntered') && state ? [state] : []));
  return { steps, calls, entered, events, end: steps.at(-1)?.end };
}

/** A Task of a function with this name. */
export function task(name: string, more: JsonObject = { End: true }): JsonObject {
  return { Type: 'Task', Resource: `arn:aws:lambda:us-east-1:000000000000:function:${name}`, ...more };
}

export function succeeded(output: Json): End {
  return { status: 'SUCCEEDED', output };
}

function outcomeOf(answer: Answer) {
  if ('output' in answer) return { type: 'succeeded', output: answer.output } as const;
  if ('interrupted' in answer) return { type: 'interrupted', error: answer.interrupted, cause: 'from outside' } as const;
  return { type: 'failed', error: answer.error, cause: answer.cause ?? '' } as const;
}
