import { describe, expect, test } from '@jest/globals';
import { DefinitionFault, type Fault, type Json, type JsonObject, loadDefinition } from '../../src/index.js';
import { task } from './drive.js';
import { machineWithEverything } from './machine-with-everything.js';

const HOLD = '/States/HoldBand';
const RETRIER = `${HOLD}/Retry/0`;
const end: JsonObject = { Type: 'Pass', End: true };
const choice = (...targets: string[]): JsonObject => ({
  Type: 'Choice',
  Choices: targets.map((Next) => ({ Variable: '$.a', IsPresent: true, Next })),
});
const name81 = 'n'.repeat(81);

/** One change to a valid machine breaks one rule: what is put where (undefined takes it away), and where the fault is. */
const mutants: [rule: string, at: string, value: Json | undefined, fault?: string][] = [
  ['StartAt is there', '/StartAt', undefined],
  ['StartAt is a name', '/StartAt', 7],
  ['StartAt names a state', '/StartAt', 'Nowhere'],
  ['StartAt names a state of its own scope', '/StartAt', 'Left'],
  ['States is there', '/States', undefined],
  ['States is an object', '/States', []],
  ['States has states', '/States', {}],
  ['the Version is known', '/Version', '2.0'],
  ['the Comment is a string', '/Comment', 7],
  ['the QueryLanguage is JSONPath', '/QueryLanguage', 'JSONata'],
  ['the QueryLanguage of a state is JSONPath', `${HOLD}/QueryLanguage`, 'JSONata'],
  ['no TimeoutSeconds for the machine', '/TimeoutSeconds', 60],
  ['no field that is unknown at the top', '/Extra', 1],
  ['no field called __proto__', '/__proto__', 1],
  ['a state is an object', '/States/Done', 'Succeed'],
  ['a state has a Type', '/States/Done/Type', undefined],
  ['a Type is a name', '/States/Done/Type', 7],
  ['a Type is known', '/States/Done/Type', 'Stop'],
  ['a Type is no inherited name', '/States/Done/Type', 'constructor'],
  ['a name is not too long', `/States/${name81}`, end],
  ['a name is not empty', '/States/', end],
  ['a name is used once', '/States/Both/Branches/0/States/Done', end],
  ['a name is not that of the state around', '/States/Both/Branches/0/States/Both', end],
  ['every state can be reached', '/States/Lonely', end],
  ['every state of a branch can be reached', '/States/Both/Branches/0/States/Lonely', end],
  ['Next names a state', `${HOLD}/Next`, 'Nowhere'],
  ['Next names a state of its own scope', '/States/Both/Branches/0/States/Left/Next', 'Done'],
  ['Next is a name', `${HOLD}/Next`, null],
  ['Default names a state', '/States/Choose/Default', 'Nowhere'],
  ['a rule names a state', '/States/Choose/Choices/1/Next', 'Nowhere'],
  ['a rule has a Next', '/States/Choose/Choices/1/Next', undefined],
  ['a catcher names a state', `${HOLD}/Catch/0/Next`, 'Nowhere'],
  ['a catcher has a Next', `${HOLD}/Catch/0/Next`, undefined],
  ['a state goes on or ends', '/States/Give/Next', undefined, '/States/Give'],
  ['a state does not do both', '/States/Give/End', true],
  ['End is true', '/States/Give', { Type: 'Pass', End: false }, '/States/Give/End'],
  ['an end is reached from every state', '/States/Until/Next', 'Give', '/States/Give'],
  ['an end is reached by the machine', '/States', { HoldBand: task('a', { Next: 'HoldBand' }) }, HOLD],
  ['a cycle has a Task or a Wait', '/States/Give', choice('Give', 'Until'), '/States/Give'],
  ['a cycle of Choices and Passes waits for nothing', '/States/Pause', choice('Choose', 'Until'), '/States/Pause'],
  [
    'a Map may have no items to wait for',
    '/States',
    {
      HoldBand: { Type: 'Map', ItemProcessor: { StartAt: 'T', States: { T: task('t') } }, Next: 'C' },
      C: choice('HoldBand', 'E'),
      E: end,
    },
    HOLD,
  ],
  [
    'a Parallel that can be hurried through waits for nothing',
    '/States',
    {
      HoldBand: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'D', States: { D: choice('T', 'P'), T: task('t'), P: end } }],
        Next: 'C',
      },
      C: choice('HoldBand', 'E'),
      E: end,
    },
    HOLD,
  ],
  ['a hold has a Catch', `${HOLD}/Catch`, undefined],
  ['a hold has a Catch of States.ALL', `${HOLD}/Catch/1`, undefined, `${HOLD}/Catch`],
  ['a hold is undone', `${HOLD}/Catch/1/Next`, 'Failed', `${HOLD}/Catch`],
  [
    'a hold is undone by its own service',
    '/States/UndoBand/Resource',
    'arn:aws:lambda:us-east-1:000000000000:function:venues-undo',
    `${HOLD}/Catch`,
  ],
  [
    'a create is undone too',
    `${HOLD}/Resource`,
    'arn:aws:lambda:us-east-1:000000000000:function:concerts-create',
    `${HOLD}/Catch`,
  ],
  ['a Task has a Resource', `${HOLD}/Resource`, undefined],
  ['a Resource is not empty', `${HOLD}/Resource`, ''],
  ['a Resource is a string', `${HOLD}/Resource`, { arn: 'a' }],
  ['no field that is unknown to a Task', `${HOLD}/Result`, 1],
  ['no Assign', `${HOLD}/Assign`, { a: 1 }],
  ['no Arguments', `${HOLD}/Arguments`, '{% 1 %}'],
  ['no Credentials', `${HOLD}/Credentials`, {}],
  ['TimeoutSeconds is positive', `${HOLD}/TimeoutSeconds`, 0],
  ['TimeoutSeconds is an integer', `${HOLD}/TimeoutSeconds`, 60.5],
  ['TimeoutSeconds is a number', `${HOLD}/TimeoutSeconds`, '60'],
  ['TimeoutSeconds is not too large', `${HOLD}/TimeoutSeconds`, 100_000_000],
  ['one time-out', `${HOLD}/TimeoutSecondsPath`, '$.seconds'],
  ['TimeoutSecondsPath leads to one place', '/States/UndoBand/TimeoutSecondsPath', '$..seconds'],
  ['HeartbeatSeconds is positive', `${HOLD}/HeartbeatSeconds`, 0],
  ['HeartbeatSeconds is smaller than TimeoutSeconds', `${HOLD}/HeartbeatSeconds`, 60],
  ['one heartbeat', `${HOLD}/HeartbeatSecondsPath`, '$.seconds'],
  ['HeartbeatSecondsPath leads to one place', '/States/UndoBand/HeartbeatSecondsPath', '$[*]'],
  ['InputPath is a path', `${HOLD}/InputPath`, 'band'],
  ['InputPath is a string', `${HOLD}/InputPath`, 7],
  ['OutputPath is a path', `${HOLD}/OutputPath`, '$.'],
  ['a path is closed', `${HOLD}/InputPath`, '$.a['],
  ['a path has no functions', `${HOLD}/InputPath`, '$.a[?length(@.b) > 1]'],
  ['a path is not too long', `${HOLD}/InputPath`, `$${'.a'.repeat(600)}`],
  ['ResultPath is a path', `${HOLD}/ResultPath`, 'band'],
  ['ResultPath leads to one place', `${HOLD}/ResultPath`, '$.list[*]'],
  ['ResultPath does not count from the end', `${HOLD}/ResultPath`, '$.list[-1]'],
  ['ResultPath is not in the context object', `${HOLD}/ResultPath`, '$$.State'],
  ['ResultPath of a catcher leads to one place', `${HOLD}/Catch/0/ResultPath`, '$..a'],
  ['Parameters are an object', `${HOLD}/Parameters`, '$.band'],
  ['a parameter is a string', `${HOLD}/Parameters/key.$`, 7],
  ['a parameter is a path or a function', `${HOLD}/Parameters/key.$`, 'band'],
  ['a path of a parameter is well formed', `${HOLD}/Parameters/list/0/name.$`, '$.band['],
  ['a parameter has one value', `${HOLD}/Parameters/key`, 1, `${HOLD}/Parameters/key.$`],
  ['an intrinsic function is known', `${HOLD}/Parameters/key.$`, "States.Hash('a', 'MD5')"],
  ['a ResultSelector is an object', `${HOLD}/ResultSelector`, []],
  ['a ResultSelector has paths', `${HOLD}/ResultSelector/id.$`, 'id'],
  ['Retry is an array', `${HOLD}/Retry`, {}],
  ['Retry is not null', `${HOLD}/Retry`, null],
  ['a retrier is an object', `${HOLD}/Retry/0`, 'States.ALL'],
  ['a retrier has ErrorEquals', `${RETRIER}/ErrorEquals`, undefined],
  ['ErrorEquals is an array', `${RETRIER}/ErrorEquals`, 'Unavailable'],
  ['ErrorEquals has names', `${RETRIER}/ErrorEquals`, []],
  ['ErrorEquals has strings', `${RETRIER}/ErrorEquals`, ['Unavailable', 7]],
  ['ErrorEquals has no empty name', `${RETRIER}/ErrorEquals`, ['']],
  ['the names of the language are its own', `${RETRIER}/ErrorEquals`, ['States.Tiemout']],
  ['States.ALL is alone', `${HOLD}/Retry/1/ErrorEquals`, ['States.ALL', 'Conflict']],
  ['States.ALL is last in Retry', `${RETRIER}/ErrorEquals`, ['States.ALL']],
  ['States.ALL is last in Catch', `${HOLD}/Catch/0/ErrorEquals`, ['States.ALL']],
  ['IntervalSeconds is positive', `${RETRIER}/IntervalSeconds`, 0],
  ['IntervalSeconds is an integer', `${RETRIER}/IntervalSeconds`, 0.2],
  ['IntervalSeconds is not too large', `${RETRIER}/IntervalSeconds`, 100_000_000],
  ['BackoffRate is at least 1', `${RETRIER}/BackoffRate`, 0.9],
  ['BackoffRate is a number', `${RETRIER}/BackoffRate`, '2'],
  ['MaxAttempts is not negative', `${RETRIER}/MaxAttempts`, -1],
  ['MaxAttempts is an integer', `${RETRIER}/MaxAttempts`, 1.5],
  ['MaxAttempts is not too large', `${RETRIER}/MaxAttempts`, 100_000_000],
  ['MaxDelaySeconds is greater than IntervalSeconds', `${RETRIER}/MaxDelaySeconds`, 2],
  ['MaxDelaySeconds is an integer', `${RETRIER}/MaxDelaySeconds`, 10.5],
  ['MaxDelaySeconds is not too large', `${RETRIER}/MaxDelaySeconds`, 31_622_401],
  ['JitterStrategy is known', `${RETRIER}/JitterStrategy`, 'HALF'],
  ['JitterStrategy is not null', `${RETRIER}/JitterStrategy`, null],
  ['no field that is unknown to a retrier', `${RETRIER}/Next`, 'Done'],
  ['no field that is unknown to a catcher', `${HOLD}/Catch/0/MaxAttempts`, 1],
  ['no Retry for a Pass', '/States/Give/Retry', []],
  ['no Catch for a Wait', '/States/Pause/Catch', []],
  ['no Next for a Succeed', '/States/Done/Next', 'Failed'],
  ['no End for a Choice', '/States/Choose/End', true],
  ['a Choice has rules', '/States/Choose/Choices', []],
  ['a Choice has Choices', '/States/Choose/Choices', undefined],
  ['Choices is an array', '/States/Choose/Choices', {}],
  ['a rule is an object', '/States/Choose/Choices/0', 'a'],
  ['a rule tests something', '/States/Choose/Choices/1/Variable', undefined, '/States/Choose/Choices/1'],
  ['a rule tests one thing', '/States/Choose/Choices/0/Variable', '$.a'],
  ['a test has an operator', '/States/Choose/Choices/1/NumericEqualsPath', undefined, '/States/Choose/Choices/1'],
  ['a test has one operator', '/States/Choose/Choices/1/IsNull', true],
  ['an operator is known', '/States/Choose/Choices/1/NumericIsNot', 1],
  ['a boolean has no greater one', '/States/Choose/Choices/1/BooleanLessThan', true],
  ['a Variable is a path', '/States/Choose/Choices/1/Variable', 'count'],
  ['the Path of an operator is a path', '/States/Choose/Choices/1/NumericEqualsPath', 7],
  ['the value of an operator has its type', '/States/Choose/Choices/0/And/0/StringEquals', 7],
  ['the number of an operator is one', '/States/Choose/Choices/0/And/1/Not/NumericLessThan', '1'],
  ['the timestamp of an operator is one', '/States/Choose/Choices/2/Or/0/TimestampEquals', '2026-03-01'],
  ['IsPresent is true or false', '/States/Choose/Choices/2/Or/1/IsPresent', 'no'],
  ['And has tests', '/States/Choose/Choices/0/And', []],
  ['And is an array', '/States/Choose/Choices/0/And', { Variable: '$.a' }],
  ['Not is an object', '/States/Choose/Choices/0/And/1/Not', []],
  ['only the outermost test has a Next', '/States/Choose/Choices/0/And/0/Next', 'Give'],
  ['a rule has no Assign', '/States/Choose/Choices/0/Assign', {}],
  ['a Wait waits for something', '/States/Pause/Seconds', undefined, '/States/Pause'],
  ['a Wait waits for one thing', '/States/Pause/SecondsPath', '$.seconds'],
  ['Seconds is not negative', '/States/Pause/Seconds', -1],
  ['Seconds is an integer', '/States/Pause/Seconds', 0.5],
  ['Seconds is not too large', '/States/Pause/Seconds', 100_000_000],
  ['SecondsPath leads to one place', '/States/Both/Branches/1/States/Right/SecondsPath', '$[*]'],
  ['Timestamp is one', '/States/Until/Timestamp', 'tomorrow'],
  ['Timestamp is a string', '/States/Until/Timestamp', 0],
  ['a Parallel has Branches', '/States/Both/Branches', undefined],
  ['a Parallel has a branch', '/States/Both/Branches', []],
  ['a branch is an object', '/States/Both/Branches/0', 7],
  ['a branch has a StartAt', '/States/Both/Branches/0/StartAt', undefined],
  ['a branch starts at a state of its own', '/States/Both/Branches/0/StartAt', 'Right'],
  ['no field that is unknown to a branch', '/States/Both/Branches/0/ProcessorConfig', {}],
  ['a Map has an ItemProcessor', '/States/Each/ItemProcessor', undefined, '/States/Each'],
  ['a Map has one processor', '/States/Each/Iterator', { StartAt: 'Other', States: { Other: end } }],
  ['a processor is an object', '/States/Each/ItemProcessor', 'Item'],
  ['a processor runs inline', '/States/Each/ItemProcessor/ProcessorConfig/Mode', 'DISTRIBUTED'],
  ['no field that is unknown to a ProcessorConfig', '/States/Each/ItemProcessor/ProcessorConfig/ExecutionType', 'STANDARD'],
  ['ItemsPath leads to one place', '/States/Each/ItemsPath', '$.list[*]'],
  ['a Map has one ItemSelector', '/States/Each/Parameters', {}],
  ['an ItemSelector is an object', '/States/Each/ItemSelector', 7],
  ['MaxConcurrency is not negative', '/States/Each/MaxConcurrency', -1],
  ['MaxConcurrency is an integer', '/States/Each/MaxConcurrency', 1.5],
  ['no ItemReader', '/States/Each/ItemReader', {}],
  ['no ToleratedFailureCount', '/States/Each/ToleratedFailureCount', 1],
  ['an Error is a string', '/States/Failed', { Type: 'Fail', Error: 7 }, '/States/Failed/Error'],
  ['one Error', '/States/Failed/Error', 'Failed', '/States/Failed/ErrorPath'],
  ['one Cause', '/States/Failed/Cause', 'why', '/States/Failed/CausePath'],
  ['ErrorPath leads to one place', '/States/Failed/ErrorPath', '$..Error'],
  ['CausePath is a path or a function', '/States/Failed/CausePath', 'why'],
  ['no InputPath for a Fail', '/States/Failed/InputPath', '$'],
];

describe('a definition', () => {
  test('with everything in it can be loaded', () => {
    expect(faultsOf(machineWithEverything)).toEqual([]);
  });

  test.each(mutants)('%s: %s', (_rule, at, value, fault = at) => {
    expect(faultsOf(changed(machineWithEverything, at, value)).map(({ path }) => path)).toContain(fault);
  });

  test('tells all its faults at once, each with a sentence', () => {
    const broken = changed(
      changed(changed(machineWithEverything, '/Extra', 1), `${RETRIER}/BackoffRate`, 0),
      '/States/Done/Type',
      'Stop',
    );

    expect(faultsOf(broken)).toEqual([
      { path: `${RETRIER}/BackoffRate`, detail: expect.stringMatching(/^must be a number/) },
      { path: '/States/Done/Type', detail: expect.stringMatching(/^must be "Pass" or/) },
      { path: '/Extra', detail: 'is not a field that is known here' },
    ]);
    expect(() => loadDefinition(broken)).toThrow(/^A state machine cannot be loaded \(3 faults\): \/States\/HoldBand/);
  });

  test('writes the names of states in a pointer as RFC 6901 says', () => {
    const states = { A: { Type: 'Pass', Next: 'B/~C' }, 'B/~C': { Type: 'Pass', End: 7 } };

    expect(faultsOf({ StartAt: 'A', States: states })).toEqual([{ path: '/States/B~1~0C/End', detail: 'must be true' }]);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a string', '{}'],
    ['an array', []],
    ['a function', () => ({})],
    ['a number that JSON does not have', 7n],
    ['an object in itself', cyclic()],
    [
      'an object that cannot be looked at',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    ],
    ['an array nested deep', nested(100_000)],
    ['a state nested deep', { StartAt: 'A', States: { A: { Type: 'Pass', Result: nested(200), End: true } } }],
    ['more than 1 MiB', { StartAt: 'A', States: { A: { Type: 'Pass', Result: 'x'.repeat(1_048_576), End: true } } }],
    ['more than 1,000 states', { StartAt: 'S0', States: chain(1_001) }],
  ])('that is %s is refused', (_name, source) => {
    expect(faultsOf(source)).toHaveLength(1);
  });

  test('of 1,000 states is not too large, and 40 Parallels in one another are too deep', () => {
    expect(faultsOf({ StartAt: 'S0', States: chain(1_000) })).toEqual([]);
    expect(faultsOf(parallels(20))).toEqual([]);
    expect(faultsOf(parallels(40))).toHaveLength(1);
  });

  test('is not changed by what happens to its source later', () => {
    const source = { StartAt: 'A', States: { A: { Type: 'Pass', End: true } } };
    const definition = loadDefinition(source);
    source.StartAt = 'B';

    expect(definition.startAt).toBe('A');
  });

  test('may undo in a Parallel, and in any state that follows', () => {
    const undo = { Type: 'Parallel', Branches: [{ StartAt: 'Undo', States: { Undo: task('bands-undo') } }], Next: 'Failed' };
    const states = {
      Hold: task('bands-hold', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Before' }], End: true }),
      Before: { Type: 'Pass', Next: 'UndoAll' },
      UndoAll: undo,
      Failed: { Type: 'Fail' },
    };

    expect(faultsOf({ StartAt: 'Hold', States: states })).toEqual([]);
  });

  test('may go round through a Parallel that always waits', () => {
    const waits = {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'P', States: { P: end } },
        { StartAt: 'T', States: { T: task('t') } },
      ],
      Next: 'C',
    };

    expect(faultsOf({ StartAt: 'A', States: { A: waits, C: choice('A', 'E'), E: end } })).toEqual([]);
  });
});

function faultsOf(source: unknown): Fault[] {
  try {
    loadDefinition(source);
    return [];
  } catch (fault) {
    if (fault instanceof DefinitionFault) return fault.faults;
    throw fault;
  }
}

/** A copy with something else at the place that a pointer leads to. */
function changed(source: Json, pointer: string, value: Json | undefined): Json {
  const [, ...names] = pointer.split('/');
  return put(source, names, value);
}

function put(target: Json, [name = '', ...rest]: string[], value: Json | undefined): Json {
  const entries = new Map<string, Json>(Object.entries(target ?? {}));
  const member = rest.length === 0 ? value : put(entries.get(name) ?? {}, rest, value);
  if (member === undefined) entries.delete(name);
  else entries.set(name, member);
  return Array.isArray(target) ? [...entries.values()] : Object.fromEntries(entries);
}

function cyclic(): object {
  const one: { other?: object } = {};
  one.other = { one };
  return one;
}

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function chain(count: number): JsonObject {
  const names = Array.from({ length: count }, (_, index) => `S${index}`);
  return Object.fromEntries(
    names.map((name, index) => [name, index + 1 < count ? { Type: 'Pass', Next: `S${index + 1}` } : end]),
  );
}

function parallels(depth: number): JsonObject {
  const state = depth === 0 ? end : { Type: 'Parallel', Branches: [parallels(depth - 1)], End: true };
  return { StartAt: `S${depth}`, States: { [`S${depth}`]: state } };
}
