import { expect, test } from '@jest/globals';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import {
  advance,
  type Command,
  type Definition,
  DefinitionFault,
  type Json,
  type JsonObject,
  loadDefinition,
  type Outcome,
} from '../../src/index.js';
import { begin, START_MS, task } from './drive.js';
import { machineWithEverything } from './machine-with-everything.js';

const DOCUMENTS = 5_000;
/** A machine may go round for ever with the outcomes it gets: it is not followed further. */
const MAX_STEPS = 60;

const STATES = ['A', 'B', 'C', 'D'] as const;
const PATHS = [
  '$',
  '$.a',
  '$.a.b',
  '$.list',
  '$.list[0]',
  '$$',
  '$$.State.Name',
  '$$.Map.Item.Value',
  '$.missing',
  '$.__proto__',
];
const BAD_PATHS = ['$[', 'a', '$..a', '$.list[*]', '', null];
const ERRORS = [
  'States.ALL',
  'States.TaskFailed',
  'States.Timeout',
  'States.Runtime',
  'States.DataLimitExceeded',
  'Conflict',
  '',
];
const VALUES: readonly Json[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  1e300,
  '',
  'a',
  '$.a',
  '2026-03-01T12:00:00Z',
  [],
  {},
  [1, { a: 2 }],
  { a: { b: 1 }, list: [1, 'b', null] },
  JSON.parse('{"__proto__": {"a": 1}}'),
];

class Random {
  readonly #bits;

  constructor(seed: number) {
    this.#bits = xoroshiro128plus(seed);
  }

  below(limit: number): number {
    return uniformInt(this.#bits, 0, limit - 1);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('There is nothing to pick from');
    return item;
  }
}

test(`each of ${DOCUMENTS} random documents is refused with paths, or can be run whatever its tasks do`, () => {
  const random = new Random(20260301);
  let [loaded, ended] = [0, 0];
  for (let count = 0; count < DOCUMENTS; count += 1) {
    const definition = loadedOrRefused(document(random));
    if (!definition) continue;
    loaded += 1;
    if (run(definition, random)) ended += 1;
  }

  // Of neither kind are there so few that the test says nothing.
  expect(loaded).toBeGreaterThan(DOCUMENTS / 10);
  expect(loaded).toBeLessThan((DOCUMENTS * 9) / 10);
  expect(ended).toBeGreaterThan(loaded / 2);
});

function loadedOrRefused(source: Json): Definition | undefined {
  try {
    return loadDefinition(source);
  } catch (fault) {
    if (!(fault instanceof DefinitionFault)) throw fault;
    expect(fault.faults.length).toBeGreaterThan(0);
    expect(fault.faults.filter(({ path, detail }) => !/^(?:\/|$)/.test(path) || detail === '')).toEqual([]);
    return undefined;
  }
}

/** Whether it came to an end. */
function run(definition: Definition, random: Random): boolean {
  let step = begin(definition, random.pick(VALUES));
  for (let count = 0; count < MAX_STEPS && step.commands.length > 0; count += 1) {
    const cursor: Json = JSON.parse(JSON.stringify(step.cursor));
    const outcome = anyOutcome(random.pick(step.commands), random);
    const next = advance(definition, cursor, outcome);
    expect(next).toEqual(advance(definition, step.cursor, outcome));
    step = next;
  }
  expect(step.end === undefined).toBe(step.commands.length > 0);
  return step.end !== undefined;
}

function anyOutcome({ id, type, notBefore }: Command, random: Random): Outcome {
  const at = Math.max(START_MS, notBefore);
  const [command, error, cause] = [id, random.pick(ERRORS), 'why'];
  switch (random.below(8)) {
    case 0:
      return { type: 'interrupted', command, at, error, cause };
    case 1:
      return { type: 'failed', command, at, error, cause };
    case 2:
      return { type: 'succeeded', command: `${id}0`, at, output: 1 };
    case 3:
      return { type: 'elapsed', command, at };
    default:
      return type === 'wait' ? { type: 'elapsed', command, at } : { type: 'succeeded', command, at, output: random.pick(VALUES) };
  }
}

function document(random: Random): Json {
  switch (random.below(4)) {
    case 0:
      return anyJson(random, 4);
    case 1:
      return mutated(machineWithEverything, random, 1 + random.below(3));
    case 2:
      return mutated(anyMachine(random, STATES, 2), random, 1);
    default:
      return anyMachine(random, STATES, 2);
  }
}

function anyJson(random: Random, depth: number): Json {
  if (depth === 0 || random.below(3) === 0) return random.pick(VALUES);
  const members = Array.from({ length: random.below(4) }, () => anyJson(random, depth - 1));
  if (random.below(3) === 0) return members;
  return Object.fromEntries(
    members.map((member) => [random.pick(['StartAt', 'States', 'Type', 'A', '__proto__', 'Next', 'a.$']), member]),
  );
}

/** A document with some of its parts taken away, replaced by others of its own, or by anything. */
function mutated(source: Json, random: Random, times: number): Json {
  let document = source;
  for (let time = 0; time < times; time += 1) {
    const parts = partsOf(document, []);
    const target = random.pick(parts);
    const replacement =
      random.below(4) === 0
        ? undefined
        : random.pick([random.pick(VALUES), random.pick(PATHS), random.pick(BAD_PATHS), random.pick(parts).value]);
    document = replaced(document, target.names, replacement) ?? null;
  }
  return document;
}

interface Part {
  names: string[];
  value: Json;
}

function partsOf(value: Json, names: string[]): Part[] {
  if (typeof value !== 'object' || value === null) return [{ names, value }];
  return [{ names, value }, ...Object.entries(value).flatMap(([name, member]) => partsOf(member, [...names, name]))];
}

function replaced(source: Json, [name, ...rest]: string[], value: Json | undefined): Json | undefined {
  if (name === undefined) return value;
  const members = Object.entries(source ?? {}).flatMap(([key, member]: [string, Json]): [string, Json][] => {
    const changed = key === name ? replaced(member, rest, value) : member;
    return changed === undefined ? [] : [[key, changed]];
  });
  return Array.isArray(source) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

/** A machine that is well formed for the most part: each state leads to the next, and some lead elsewhere too. */
function anyMachine(random: Random, names: readonly string[], depth: number): JsonObject {
  const states = names.map((name, index): [string, Json] => [name, anyState(random, names, index, depth)]);
  return { StartAt: names[0] ?? '', States: Object.fromEntries(states) };
}

function anyState(random: Random, names: readonly string[], index: number, depth: number): JsonObject {
  const next = names[index + 1];
  if (next === undefined)
    return random.pick<JsonObject>([
      { Type: 'Succeed', ...some(random, { OutputPath: '$.a' }) },
      { Type: 'Fail', ErrorPath: '$.a' },
    ]);
  const flow = { Next: next, ...some(random, { InputPath: random.pick(PATHS), OutputPath: random.pick(PATHS) }) };
  const result = some(random, { ResultPath: random.pick(['$', '$.a', '$.list[0]', '$.a.b', null]) });
  const parameters = some(random, { Parameters: { 'a.$': random.pick(PATHS), b: 1, list: [1, 2] } });
  const work = {
    ...flow,
    ...result,
    ...some(random, {
      Retry: [{ ErrorEquals: [random.pick(ERRORS)], MaxAttempts: random.below(3), JitterStrategy: 'FULL' }],
      Catch: [{ ErrorEquals: [random.pick(ERRORS)], ResultPath: '$.a', Next: random.pick(names) }],
      ResultSelector: { 'r.$': random.pick(PATHS) },
    }),
  };
  const inner = () =>
    anyMachine(
      random,
      ['A', 'B'].map((name) => `${name}${random.below(1_000_000)}`),
      depth - 1,
    );
  switch (random.below(depth > 0 ? 7 : 5)) {
    case 0:
      return { Type: 'Pass', ...flow, ...result, ...parameters, ...some(random, { Result: random.pick(VALUES) }) };
    case 1:
      return {
        Type: 'Wait',
        ...flow,
        ...random.pick<JsonObject>([{ Seconds: 1 }, { SecondsPath: '$.b' }, { TimestampPath: '$.a' }]),
      };
    case 2:
      return {
        Type: 'Choice',
        Choices: [{ Variable: random.pick(PATHS), IsPresent: true, Next: random.pick(names) }],
        Default: next,
      };
    case 5:
      return { Type: 'Parallel', Branches: [inner(), inner()], ...work, ...parameters };
    case 6:
      return { Type: 'Map', ItemProcessor: inner(), ItemsPath: '$.list', MaxConcurrency: random.below(3), ...work };
    default:
      return task('call', { ...work, ...parameters });
  }
}

/** Each of the fields with a chance of one in four. */
function some(random: Random, fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(() => random.below(4) === 0));
}
