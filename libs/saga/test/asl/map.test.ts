import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../src/index.js';
import { type Answers, drive, succeeded, task } from './drive.js';

const echo: JsonObject = { StartAt: 'Echo', States: { Echo: { Type: 'Pass', End: true } } };
const call: JsonObject = { StartAt: 'Call', States: { Call: task('call') } };
const map = (more: JsonObject): JsonObject => ({ Type: 'Map', ItemProcessor: echo, End: true, ...more });

/** The input of the specification's examples of Map states. */
const shipment: Json = {
  shipped: [
    { prod: 'R31', 'dest-code': 9511, quantity: 1344 },
    { prod: 'S39', 'dest-code': 9511, quantity: 40 },
  ],
  'delivery-partner': 'UQS',
};

const outputs: { name: string; fields: JsonObject; input: Json; output: Json }[] = [
  { name: 'maps its input when it has no ItemsPath', fields: {}, input: [1, 2], output: [1, 2] },
  { name: 'has nothing to do without items', fields: {}, input: [], output: [] },
  {
    name: 'has an ItemsPath',
    fields: { ItemsPath: '$.shipped' },
    input: shipment,
    output: [
      { prod: 'R31', 'dest-code': 9511, quantity: 1344 },
      { prod: 'S39', 'dest-code': 9511, quantity: 40 },
    ],
  },
  {
    name: 'has an InputPath before its ItemsPath',
    fields: { InputPath: '$.detail', ItemsPath: '$.list' },
    input: { detail: { list: [1] } },
    output: [1],
  },
  {
    name: 'has an ItemSelector, with the item and its index in the context object',
    fields: {
      ItemsPath: '$.shipped',
      ItemSelector: { 'parcel.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index', 'courier.$': "$['delivery-partner']" },
    },
    input: shipment,
    output: [
      { parcel: { prod: 'R31', 'dest-code': 9511, quantity: 1344 }, index: 0, courier: 'UQS' },
      { parcel: { prod: 'S39', 'dest-code': 9511, quantity: 40 }, index: 1, courier: 'UQS' },
    ],
  },
  {
    name: 'has Parameters, as the ItemSelector was called before',
    fields: { ItemsPath: '$.shipped', Parameters: { 'prod.$': '$$.Map.Item.Value.prod' } },
    input: shipment,
    output: [{ prod: 'R31' }, { prod: 'S39' }],
  },
  {
    name: 'has an ItemSelector after InputPath',
    fields: { InputPath: '$.detail', ItemsPath: '$.list', ItemSelector: { 'all.$': '$' } },
    input: { detail: { list: [1] } },
    output: [{ all: { list: [1] } }],
  },
  {
    name: 'has a ResultSelector',
    fields: { ResultSelector: { 'first.$': '$[0]', 'all.$': '$[*]' } },
    input: [1, 2],
    output: { first: 1, all: [1, 2] },
  },
  {
    name: 'has a ResultPath',
    fields: { ItemsPath: '$.list', ResultPath: '$.results' },
    input: { list: [1] },
    output: { list: [1], results: [1] },
  },
  {
    name: 'drops its result with ResultPath null',
    fields: { ItemsPath: '$.list', ResultPath: null },
    input: { list: [1] },
    output: { list: [1] },
  },
  { name: 'has an OutputPath', fields: { OutputPath: '$[1]' }, input: [1, 2], output: 2 },
  {
    name: 'maps items of any kind',
    fields: {},
    input: [null, 'a', false, [1], { a: 1 }],
    output: [null, 'a', false, [1], { a: 1 }],
  },
  {
    name: 'takes Mode INLINE',
    fields: { ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...echo } },
    input: [1],
    output: [1],
  },
  {
    name: 'maps in a Map',
    fields: { ItemProcessor: { StartAt: 'Inner', States: { Inner: map({}) } } },
    input: [[1, 2], [], [3]],
    output: [[1, 2], [], [3]],
  },
  {
    name: 'shows the item of the innermost Map',
    fields: {
      ItemProcessor: {
        StartAt: 'Inner',
        States: { Inner: map({ ItemSelector: { 'value.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index' } }) },
      },
    },
    input: [['a'], ['b', 'c']],
    output: [
      [{ value: 'a', index: 0 }],
      [
        { value: 'b', index: 0 },
        { value: 'c', index: 1 },
      ],
    ],
  },
  {
    name: 'shows its item to the states inside of it',
    fields: {
      ItemProcessor: {
        StartAt: 'Look',
        States: { Look: { Type: 'Pass', Parameters: { 'index.$': '$$.Map.Item.Index' }, End: true } },
      },
    },
    input: ['a', 'b'],
    output: [{ index: 0 }, { index: 1 }],
  },
];

const faults: { name: string; fields: JsonObject; input: Json; error: string; answers?: Answers }[] = [
  { name: 'an ItemsPath that finds nothing', fields: { ItemsPath: '$.missing' }, input: {}, error: 'States.Runtime' },
  { name: 'items that are no array', fields: {}, input: { a: 1 }, error: 'States.Runtime' },
  { name: 'more items than it takes', fields: {}, input: Array.from({ length: 10_001 }, () => 0), error: 'States.Runtime' },
  {
    name: 'an ItemSelector that finds nothing',
    fields: { ItemSelector: { 'a.$': '$.missing' } },
    input: [1],
    error: 'States.ParameterPathFailure',
  },
  {
    name: 'an iteration that fails',
    fields: { ItemProcessor: { StartAt: 'No', States: { No: { Type: 'Fail', Error: 'No' } } } },
    input: [1],
    error: 'No',
  },
  {
    name: 'results that are too large together',
    fields: { ItemProcessor: call },
    input: [1, 2, 3],
    error: 'States.DataLimitExceeded',
    answers: { Call: [{ output: 'x'.repeat(140_000) }, { output: 'x'.repeat(140_000) }] },
  },
];

describe('a Map', () => {
  test.each(outputs)('$name', ({ fields, input, output }) => {
    expect(drive({ Each: map(fields) }, input).end).toEqual(succeeded(output));
  });

  test.each(faults)('fails with $error: $name', ({ fields, input, error, answers }) => {
    expect(drive({ Each: map(fields) }, input, answers).end).toMatchObject({ status: 'FAILED', error });
  });

  test('has its states in an Iterator, as they were called before', () => {
    expect(drive({ Each: { Type: 'Map', Iterator: echo, End: true } }, [1, 2]).end).toEqual(succeeded([1, 2]));
  });

  test('keeps the order of its items, whichever ends first', () => {
    const slow = { Variable: '$', NumericGreaterThan: 1, Next: 'Wait' };
    const states = {
      Choose: { Type: 'Choice', Choices: [slow], Default: 'Call' },
      Wait: { Type: 'Wait', Seconds: 1, Next: 'Call' },
      Call: task('call'),
    };
    const { end } = drive({ Each: map({ ItemProcessor: { StartAt: 'Choose', States: states } }) }, [2, 1], {
      Call: [{ output: 'one' }, { output: 'two' }],
    });

    expect(end).toEqual(succeeded(['two', 'one']));
  });

  test.each([
    [0, 45, 40],
    [1, 5, 1],
    [3, 5, 3],
    [10, 5, 5],
    [100, 45, 40],
  ])('with MaxConcurrency %d and %d items runs %d at once', (MaxConcurrency, count, atOnce) => {
    const items = Array.from({ length: count }, (_, index) => index);
    const answers = { Call: items.map((output) => ({ output })) };
    const { steps, end } = drive({ Each: map({ ItemProcessor: call, MaxConcurrency }) }, items, answers);

    expect(Math.max(...steps.map(({ commands }) => commands.length))).toBe(atOnce);
    expect(steps[0]?.commands).toHaveLength(atOnce);
    expect(end).toEqual(succeeded(items));
  });

  test('does not start an item after one has failed', () => {
    const { calls, end } = drive({ Each: map({ ItemProcessor: call, MaxConcurrency: 1 }) }, [1, 2, 3], {
      Call: [{ output: 1 }, { error: 'Conflict' }],
    });

    expect(calls).toHaveLength(2);
    expect(end).toMatchObject({ error: 'Conflict' });
  });

  test('maps all its items again when its Retry says so, and then has its Catch', () => {
    const failing = map({
      ItemProcessor: call,
      Retry: [{ ErrorEquals: ['Conflict'], MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
    });
    const answers = { Call: [{ output: 1 }, { error: 'Conflict' }, { output: 1 }, { error: 'Conflict' }] };
    const { calls, end } = drive({ Each: failing, Caught: { Type: 'Succeed' } }, [1, 2], answers);

    expect(calls).toHaveLength(4);
    expect(end).toEqual(succeeded({ Error: 'Conflict', Cause: '' }));
  });

  test('takes no more than a bounded number of states in one step', () => {
    const items = Array.from({ length: 5_001 }, () => 0);

    expect(drive({ Each: map({}) }, items).end?.status).toBe('SUCCEEDED');
    expect(
      drive(
        {
          Each: map({
            ItemProcessor: { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', End: true } } },
          }),
        },
        items,
      ).end,
    ).toMatchObject({
      error: 'States.Runtime',
    });
  });

  test('its history names its own events', () => {
    const { events } = drive({ Each: map({}) }, ['a']);

    expect(events.map(({ type, index }) => (index === undefined ? type : `${type} ${index}`))).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapStateStarted',
      'MapIterationStarted 0',
      'PassStateEntered',
      'PassStateExited',
      'MapIterationSucceeded 0',
      'MapStateSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('its history names the iteration that failed', () => {
    const { events } = drive({ Each: map({ ItemProcessor: call }) }, ['a', 'b'], {
      Call: [{ output: 1 }, { error: 'Conflict' }],
    });

    expect(events.slice(-3)).toMatchObject([
      { type: 'MapIterationFailed', index: 1 },
      { type: 'MapStateFailed', error: 'Conflict' },
      { type: 'ExecutionFailed' },
    ]);
  });
});
