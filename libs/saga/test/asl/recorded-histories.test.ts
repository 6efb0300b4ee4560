import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { advance, type Command, type Json, loadDefinition, type Outcome, type Step, start } from '../../src/index.js';

/** Definitions with the histories that AWS Step Functions recorded of them (from the localstack project, Apache-2.0). */
const RECORDED = '../shared/asl/recorded-histories.json';

interface RecordedEvent {
  type: string;
  executionStartedEventDetails?: { input: Json };
  stateEnteredEventDetails?: { name: string };
  executionSucceededEventDetails?: { output: Json };
  executionFailedEventDetails?: { error?: string; cause?: Json };
  [details: string]: unknown;
}

interface Recorded {
  test: string;
  definition: Json;
  history: RecordedEvent[];
}

const recorded: Recorded[] = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : [];

describe('histories recorded on AWS', () => {
  if (recorded.length === 0) {
    test.skip(`the file with the recorded histories is not there: ${RECORDED}`, () => undefined);
    return;
  }

  test.each(recorded.map((entry): [string, Recorded] => [entry.test, entry]))(
    '%s goes the same way',
    (_name, { definition, history }) => {
      const steps = replay(definition, history);

      expect(enteredStates(steps)).toEqual(
        history.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
      );
      expect(plain(endOf(steps))).toEqual(plain(recordedEnd(history)));
    },
  );
});

/** Runs a definition with the outcomes that its tasks had. */
function replay(definition: Json, history: RecordedEvent[]): Step[] {
  const machine = loadDefinition(definition);
  const outcomes = history.flatMap(taskOutcome);
  const input = plain(history[0]?.executionStartedEventDetails?.input ?? null);
  const steps = [start(machine, { executionId: 'replay', stateMachine: 'recorded', input, at: 0 })];
  for (let at = 1; ; at += 1) {
    const last = steps.at(-1);
    const command = last?.commands[0];
    if (!last || !command) break;
    steps.push(advance(machine, last.cursor, outcomeOf(command, at, outcomes)));
  }
  expect(outcomes).toEqual([]);
  return steps;
}

type TaskOutcome = { type: 'succeeded'; output: Json } | { type: 'failed'; error: string; cause: string };

function outcomeOf({ type, id }: Command, at: number, outcomes: TaskOutcome[]): Outcome {
  if (type === 'wait') return { type: 'elapsed', command: id, at };
  const outcome = outcomes.shift();
  if (!outcome) throw new Error('More tasks were called than were recorded');
  return { ...outcome, command: id, at };
}

function taskOutcome(event: RecordedEvent): TaskOutcome[] {
  const kind = /^(?:Task|LambdaFunction)(Succeeded|Failed|TimedOut)$/.exec(event.type)?.[1];
  const details = event[`${event.type.charAt(0).toLowerCase()}${event.type.slice(1)}EventDetails`];
  if (!kind || !isDetails(details)) return [];
  if (kind === 'Succeeded') return [{ type: 'succeeded', output: parsed(details['output'] ?? null) }];
  return [{ type: 'failed', error: String(details['error']), cause: text(details['cause'] ?? '') }];
}

function recordedEnd(history: RecordedEvent[]): Json {
  const last = history.at(-1);
  if (last?.executionSucceededEventDetails) return { status: 'SUCCEEDED', output: last.executionSucceededEventDetails.output };
  const { error = '', cause = '' } = last?.executionFailedEventDetails ?? {};
  // Our events have no numbers for a cause to speak of.
  return { status: 'FAILED', error, cause: text(cause).replace(/ \(entered at the event id #\d+\)/, '') };
}

function endOf(steps: Step[]): Json {
  const end = steps.at(-1)?.end;
  return end ? { ...end } : null;
}

function enteredStates(steps: Step[]): string[] {
  const entered = steps.flatMap(({ events }) => events.filter(({ type }) => type.endsWith('StateEntered')));
  return entered.map(({ state }) => state ?? '');
}

/** The recordings show some JSON texts as what they mean: all such strings are compared, and handed in, as that. */
function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
  const meant = parsed(value);
  return meant === value ? value : plain(meant);
}

function parsed(value: Json): Json {
  // The recordings have this word for every time.
  if (value === 'date') return '2016-03-14T01:59:00Z';
  return typeof value === 'string' && /^(?:\{"|\[[[{])/.test(value) ? JSON.parse(value) : value;
}

function text(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isDetails(details: unknown): details is { [name: string]: Json } {
  return typeof details === 'object' && details !== null;
}
