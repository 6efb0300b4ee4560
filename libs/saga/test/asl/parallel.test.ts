import { describe, expect, test } from '@jest/globals';
import { advance, type Json, type JsonObject } from '../../src/index.js';
import { begin, drive, machine, START_MS, succeeded, task } from './drive.js';

const branch = (name: string, state: JsonObject): JsonObject => ({ StartAt: name, States: { [name]: state } });
const pass = (name: string, Result: Json): JsonObject => branch(name, { Type: 'Pass', Result, End: true });
const call = (name: string, more: JsonObject = {}): JsonObject => branch(name, task(name, { ...more, End: true }));
const fail = (name: string, error: string): JsonObject => branch(name, { Type: 'Fail', Error: error, Cause: 'why' });
const parallel = (Branches: Json[], more: JsonObject = { End: true }): JsonObject => ({ Type: 'Parallel', Branches, ...more });
const caught = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], End: true };

describe('a Parallel', () => {
  const outputs: { name: string; state: JsonObject; input: Json; output: Json }[] = [
    {
      name: 'gives what its branches give, in their order',
      state: parallel([pass('A', 1), pass('B', null), pass('C', [3])]),
      input: {},
      output: [1, null, [3]],
    },
    {
      name: 'gives each branch its input',
      state: parallel([branch('A', { Type: 'Succeed' }), branch('B', { Type: 'Succeed' })]),
      input: { a: 1 },
      output: [{ a: 1 }, { a: 1 }],
    },
    {
      name: 'gives each branch its input after InputPath and Parameters',
      state: parallel([branch('A', { Type: 'Succeed' })], { InputPath: '$.a', Parameters: { 'b.$': '$' }, End: true }),
      input: { a: 1 },
      output: [{ b: 1 }],
    },
    {
      name: 'has a ResultSelector',
      state: parallel([pass('A', 1), pass('B', 2)], { ResultSelector: { 'b.$': '$[1]' }, End: true }),
      input: {},
      output: { b: 2 },
    },
    {
      name: 'has a ResultPath',
      state: parallel([pass('A', 1)], { ResultPath: '$.results', End: true }),
      input: { a: 1 },
      output: { a: 1, results: [1] },
    },
    {
      name: 'has an OutputPath',
      state: parallel([pass('A', 1), pass('B', 2)], { OutputPath: '$[0]', End: true }),
      input: {},
      output: 1,
    },
    {
      name: 'runs inside of a Parallel',
      state: parallel([branch('A', parallel([pass('B', 1), pass('C', 2)]))]),
      input: {},
      output: [[1, 2]],
    },
    {
      name: 'runs branches of several states',
      state: parallel([
        {
          StartAt: 'A',
          States: { A: { Type: 'Pass', Result: 1, Next: 'B' }, B: { Type: 'Pass', Parameters: { 'a.$': '$' }, End: true } },
        },
      ]),
      input: {},
      output: [{ a: 1 }],
    },
  ];
  test.each(outputs)('$name', ({ state, input, output }) => {
    expect(drive({ Both: state }, input).end).toEqual(succeeded(output));
  });

  test('calls the Tasks of all branches at once, and ends with the last of them, whatever their order', () => {
    const definition = machine({ Both: parallel([call('A'), call('B'), pass('C', 'c')]) });
    const first = begin(definition);
    const [a, b] = first.commands;
    expect(first.commands.map(({ state }) => state)).toEqual(['A', 'B']);

    const second = advance(definition, first.cursor, { type: 'succeeded', command: b?.id ?? '', at: START_MS, output: 'b' });
    expect(second.commands).toEqual([a]);
    const third = advance(definition, second.cursor, { type: 'succeeded', command: a?.id ?? '', at: START_MS, output: 'a' });
    expect(third.end).toEqual(succeeded(['a', 'b', 'c']));
  });

  test('fails with the error of the first branch that fails, and the others are cancelled', () => {
    const definition = machine({ Both: parallel([call('A'), call('B')]) });
    const first = begin(definition);
    const failed = advance(definition, first.cursor, {
      type: 'failed',
      command: first.commands[1]?.id ?? '',
      at: START_MS,
      error: 'Conflict',
      cause: 'why',
    });

    expect(failed.end).toEqual({ status: 'FAILED', error: 'Conflict', cause: 'why' });
    expect(failed.commands).toEqual([]);
    expect(failed.events.map(({ type }) => type)).toEqual(['TaskFailed', 'ParallelStateFailed', 'ExecutionFailed']);
  });

  test('a branch that comes after one that has failed at once is not started', () => {
    expect(drive({ Both: parallel([fail('A', 'Stop'), call('B')]) }).entered).toEqual(['Both', 'A']);
  });

  test('catches what its branches do not', () => {
    const states = { Both: parallel([call('A'), call('B')], caught), Caught: { Type: 'Succeed' } };

    expect(drive(states, {}, { A: [{ error: 'Conflict', cause: 'why' }] }).end).toEqual(
      succeeded({ Error: 'Conflict', Cause: 'why' }),
    );
  });

  test('sees nothing of an error that a branch catches itself', () => {
    const inner = {
      StartAt: 'A',
      States: {
        A: task('a', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Mended' }], End: true }),
        Mended: { Type: 'Pass', Result: 'mended', End: true },
      },
    };
    const states = { Both: parallel([inner, call('B')], caught), Caught: { Type: 'Succeed' } };

    expect(drive(states, {}, { A: [{ error: 'Conflict' }], B: [{ output: 'b' }] }).end).toEqual(succeeded(['mended', 'b']));
  });

  test.each([
    ['States.NoChoiceMatched', { Type: 'Choice', Choices: [{ Variable: '$', IsNull: true, Next: 'End' }] }, true],
    ['States.Runtime', { Type: 'Pass', InputPath: '$.nothing', Next: 'End' }, false],
  ])('takes %s from a branch: %j', (error, state, takes) => {
    const states = {
      Both: parallel([{ StartAt: 'A', States: { A: state, End: { Type: 'Succeed' } } }], caught),
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states).end).toMatchObject(takes ? { output: { Error: error } } : { error });
  });

  test('runs all its branches again when its Retry says so', () => {
    const Retry = [{ ErrorEquals: ['Conflict'], IntervalSeconds: 5, MaxAttempts: 1 }];
    const { calls, end, entered } = drive(
      { Both: parallel([call('A'), call('B')], { Retry, End: true }) },
      {},
      {
        A: [{ output: 1 }, { output: 2 }],
        B: [{ error: 'Conflict' }, { output: 3 }],
      },
    );

    expect(calls.map(({ state, notBefore }) => [state, notBefore - START_MS])).toEqual([
      ['A', 0],
      ['B', 0],
      ['A', 5_000],
      ['B', 5_000],
    ]);
    expect(entered).toEqual(['Both', 'A', 'B', 'A', 'B']);
    expect(end).toEqual(succeeded([2, 3]));
  });

  test('waits for its Retry with a command of its own', () => {
    const Retry = [{ ErrorEquals: ['Conflict'], IntervalSeconds: 5 }];
    const definition = machine({ Both: parallel([fail('A', 'Conflict')], { Retry, End: true }) });

    expect(begin(definition).commands).toEqual([
      { type: 'wait', id: '1.2', state: 'Both', notBefore: START_MS + 5_000, interruptible: false },
    ]);
  });

  test('its Retry comes before its Catch', () => {
    const states = {
      Both: parallel([call('A')], { Retry: [{ ErrorEquals: ['Conflict'], MaxAttempts: 1 }], ...caught }),
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states, {}, { A: [{ error: 'Conflict' }, { error: 'Conflict' }] }).entered).toEqual([
      'Both',
      'A',
      'A',
      'Caught',
    ]);
  });

  test('its history names its own events', () => {
    const { events } = drive({ Both: parallel([pass('A', 1)]) });

    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'ParallelStateEntered',
      'ParallelStateStarted',
      'PassStateEntered',
      'PassStateExited',
      'ParallelStateSucceeded',
      'ParallelStateExited',
      'ExecutionSucceeded',
    ]);
  });
});
