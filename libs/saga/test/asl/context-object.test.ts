import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../src/index.js';
import { drive, succeeded, task } from './drive.js';

const input = { band: 'A' };

/** Paths into the context object of a Pass that is entered 90 seconds after the start, after a Wait. */
const values: [string, Json][] = [
  ['$$.Execution.Id', 'execution-1'],
  ['$$.Execution.Name', 'execution-1'],
  ['$$.Execution.Input', input],
  ['$$.Execution.Input.band', 'A'],
  ['$$.Execution.StartTime', '2026-03-01T12:00:00.000Z'],
  ['$$.State.Name', 'Look'],
  ['$$.State.EnteredTime', '2026-03-01T12:01:30.000Z'],
  ['$$.State.RetryCount', 0],
  ['$$.StateMachine.Id', 'machine-1'],
  ['$$.StateMachine.Name', 'machine-1'],
  ['$$.StateMachine', { Id: 'machine-1', Name: 'machine-1' }],
  ['$$.Execution.*', ['execution-1', 'execution-1', input, '2026-03-01T12:00:00.000Z']],
];

describe('the context object', () => {
  test.each(values)('has %s', (path, value) => {
    const states = {
      Wait: { Type: 'Wait', Seconds: 90, Next: 'Look' },
      Look: { Type: 'Pass', Parameters: { 'value.$': path }, End: true },
    };

    expect(drive(states, input).end).toEqual(succeeded({ value }));
  });

  test('is all there is at $$', () => {
    expect(drive({ Look: { Type: 'Pass', InputPath: '$$', End: true } }, input).end).toEqual(
      succeeded({
        Execution: { Id: 'execution-1', Name: 'execution-1', Input: input, StartTime: '2026-03-01T12:00:00.000Z' },
        State: { Name: 'Look', EnteredTime: '2026-03-01T12:00:00.000Z', RetryCount: 0 },
        StateMachine: { Id: 'machine-1', Name: 'machine-1' },
      }),
    );
  });

  const places: { name: string; state: JsonObject; output: Json }[] = [
    { name: 'InputPath', state: { Type: 'Pass', InputPath: '$$.State.Name' }, output: 'Look' },
    { name: 'OutputPath', state: { Type: 'Pass', OutputPath: '$$.State.Name' }, output: 'Look' },
    {
      name: 'ItemsPath',
      state: {
        Type: 'Map',
        ItemsPath: '$$.Execution.Input.list',
        ItemProcessor: { StartAt: 'Item', States: { Item: { Type: 'Succeed' } } },
      },
      output: [1],
    },
  ];
  test.each(places)('is there for $name', ({ state, output }) => {
    expect(drive({ Look: { ...state, End: true } }, { list: [1] }).end).toEqual(succeeded(output));
  });

  test('counts the retries of a state, and begins anew when it is entered anew', () => {
    const states = {
      Call: task('call', {
        Parameters: { 'count.$': '$$.State.RetryCount', 'entered.$': '$$.State.EnteredTime' },
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Next: 'Again',
      }),
      Again: { Type: 'Choice', Choices: [{ Variable: '$', StringEquals: 'again', Next: 'Call' }], Default: 'Done' },
      Done: { Type: 'Succeed' },
    };
    const { calls } = drive(
      states,
      {},
      { Call: [{ error: 'No' }, { error: 'No' }, { output: 'again' }, { error: 'No' }, { output: 'done' }] },
    );
    const [first, second] = ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:03.000Z'];

    expect(calls.map((call) => call.input)).toEqual([
      { count: 0, entered: first },
      { count: 1, entered: first },
      { count: 2, entered: first },
      { count: 0, entered: second },
      { count: 1, entered: second },
    ]);
  });

  test('has no Map outside of one', () => {
    expect(drive({ Look: { Type: 'Pass', InputPath: '$$.Map.Item.Index', End: true } }).end).toMatchObject({
      error: 'States.Runtime',
    });
  });

  test('is the same for all who look in the same place', () => {
    const states = { Look: { Type: 'Pass', Parameters: { 'all.$': '$$' }, End: true } };

    expect(drive(states, input).end).toEqual(drive(states, input).end);
  });
});
