import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/index.js';
import { type Answer, begin, drive, machine, START_MS, succeeded, task } from './drive.js';

const unavailable: Answer = { error: 'Unavailable' };
const conflict: Answer = { error: 'Conflict' };
const timeout: Answer = { error: 'States.Timeout' };
const done: Answer = { output: 'done' };

/** The retriers of a Task, the answers to its calls, how many seconds it waits before each call after the first. */
const delays: { name: string; retry: JsonObject[]; failures: number; seconds: number[] }[] = [
  { name: 'the default is 1, 2 and 4 seconds', retry: [{}], failures: 3, seconds: [1, 2, 4] },
  { name: 'IntervalSeconds', retry: [{ IntervalSeconds: 3 }], failures: 3, seconds: [3, 6, 12] },
  { name: 'BackoffRate', retry: [{ BackoffRate: 1.5 }], failures: 3, seconds: [1, 1.5, 2.25] },
  { name: 'BackoffRate 1', retry: [{ IntervalSeconds: 2, BackoffRate: 1 }], failures: 3, seconds: [2, 2, 2] },
  { name: 'MaxAttempts', retry: [{ MaxAttempts: 5 }], failures: 5, seconds: [1, 2, 4, 8, 16] },
  {
    name: 'the example of the specification',
    retry: [{ IntervalSeconds: 3, MaxAttempts: 2, BackoffRate: 1.5 }],
    failures: 2,
    seconds: [3, 4.5],
  },
];

const maxDelays: { retry: JsonObject; failures: number; seconds: number[] }[] = [
  { retry: { IntervalSeconds: 3, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 10 }, failures: 3, seconds: [3, 6, 10] },
  { retry: { IntervalSeconds: 3, BackoffRate: 2, MaxAttempts: 2, MaxDelaySeconds: 5 }, failures: 2, seconds: [3, 5] },
  { retry: { MaxDelaySeconds: 2, MaxAttempts: 4 }, failures: 4, seconds: [1, 2, 2, 2] },
  { retry: { MaxDelaySeconds: 3, MaxAttempts: 4 }, failures: 4, seconds: [1, 2, 3, 3] },
  { retry: { MaxDelaySeconds: 4, MaxAttempts: 4 }, failures: 4, seconds: [1, 2, 4, 4] },
  { retry: { MaxDelaySeconds: 31_622_400, MaxAttempts: 3 }, failures: 3, seconds: [1, 2, 4] },
  { retry: { IntervalSeconds: 1, BackoffRate: 1, MaxDelaySeconds: 2 }, failures: 3, seconds: [1, 1, 1] },
  { retry: { IntervalSeconds: 1, BackoffRate: 1.5, MaxDelaySeconds: 2 }, failures: 3, seconds: [1, 1.5, 2] },
  { retry: { IntervalSeconds: 60, BackoffRate: 10, MaxAttempts: 3, MaxDelaySeconds: 61 }, failures: 3, seconds: [60, 61, 61] },
  { retry: { BackoffRate: 1e300, MaxAttempts: 4, MaxDelaySeconds: 7 }, failures: 4, seconds: [1, 7, 7, 7] },
  { retry: { BackoffRate: 1e300, MaxAttempts: 3 }, failures: 3, seconds: [1, 31_622_400, 31_622_400] },
];

/** With full jitter each wait is somewhere from nothing up to what it would be without. */
const jitters: { retry: JsonObject; failures: number; upTo: number[] }[] = [
  { retry: {}, failures: 3, upTo: [1, 2, 4] },
  { retry: { IntervalSeconds: 3 }, failures: 3, upTo: [3, 6, 12] },
  { retry: { IntervalSeconds: 100 }, failures: 3, upTo: [100, 200, 400] },
  { retry: { BackoffRate: 1 }, failures: 3, upTo: [1, 1, 1] },
  { retry: { BackoffRate: 1.5 }, failures: 3, upTo: [1, 1.5, 2.25] },
  { retry: { MaxDelaySeconds: 2 }, failures: 3, upTo: [1, 2, 2] },
  { retry: { IntervalSeconds: 3, MaxAttempts: 2, BackoffRate: 2, MaxDelaySeconds: 5 }, failures: 2, upTo: [3, 5] },
  { retry: { IntervalSeconds: 10, MaxAttempts: 5, BackoffRate: 1 }, failures: 5, upTo: [10, 10, 10, 10, 10] },
  {
    retry: { IntervalSeconds: 10, MaxAttempts: 5, BackoffRate: 3, MaxDelaySeconds: 100 },
    failures: 5,
    upTo: [10, 30, 90, 100, 100],
  },
  { retry: { BackoffRate: 1e300 }, failures: 2, upTo: [1, 31_622_400] },
];

describe('the delays of a Retry', () => {
  test.each(delays)('$name', ({ retry, failures, seconds }) => {
    expect(waits(retry, failures)).toEqual(seconds);
  });

  test.each(maxDelays)('MaxDelaySeconds: $retry', ({ retry, failures, seconds }) => {
    expect(waits([retry], failures)).toEqual(seconds);
  });

  test.each(jitters)('JitterStrategy FULL: $retry', ({ retry, failures, upTo }) => {
    const jittered = waits([{ ...retry, JitterStrategy: 'FULL' }], failures);

    expect(jittered).toHaveLength(upTo.length);
    for (const [index, limit] of upTo.entries()) {
      expect(jittered[index]).toBeGreaterThanOrEqual(0);
      expect(jittered[index]).toBeLessThan(limit);
    }
    expect(new Set(jittered).size).toBe(jittered.length);
    expect(waits([{ ...retry, JitterStrategy: 'FULL' }], failures)).toEqual(jittered);
  });

  test('JitterStrategy NONE is as without', () => {
    expect(waits([{ JitterStrategy: 'NONE' }], 3)).toEqual([1, 2, 4]);
  });
});

const names: { name: string; errors: string[]; error: string; matches: boolean }[] = [
  { name: 'an error by its name', errors: ['Unavailable'], error: 'Unavailable', matches: true },
  { name: 'one of several names', errors: ['Conflict', 'Unavailable'], error: 'Unavailable', matches: true },
  { name: 'another name', errors: ['Conflict'], error: 'Unavailable', matches: false },
  { name: 'another case', errors: ['unavailable'], error: 'Unavailable', matches: false },
  { name: 'States.ALL takes any error', errors: ['States.ALL'], error: 'Unavailable', matches: true },
  { name: 'States.ALL takes States.Timeout', errors: ['States.ALL'], error: 'States.Timeout', matches: true },
  {
    name: 'States.ALL takes States.DataLimitExceeded, as recorded',
    errors: ['States.ALL'],
    error: 'States.DataLimitExceeded',
    matches: true,
  },
  { name: 'States.ALL does not take States.Runtime', errors: ['States.ALL'], error: 'States.Runtime', matches: false },
  { name: 'States.Runtime is not taken by its name', errors: ['States.Runtime'], error: 'States.Runtime', matches: false },
  { name: 'States.TaskFailed takes an error of a task', errors: ['States.TaskFailed'], error: 'Unavailable', matches: true },
  {
    name: 'States.TaskFailed does not take States.Timeout',
    errors: ['States.TaskFailed'],
    error: 'States.Timeout',
    matches: false,
  },
  {
    name: 'States.TaskFailed does not take States.Runtime',
    errors: ['States.TaskFailed'],
    error: 'States.Runtime',
    matches: false,
  },
  { name: 'States.Timeout by its name', errors: ['States.Timeout'], error: 'States.Timeout', matches: true },
];

describe('the names of errors', () => {
  test.each(names)('in a Retry: $name', ({ errors, error, matches }) => {
    const { calls, end } = drive(
      { Do: task('do', { Retry: [{ ErrorEquals: errors }], End: true }) },
      {},
      { Do: [{ error }, done] },
    );

    expect(calls).toHaveLength(matches ? 2 : 1);
    expect(end?.status).toBe(matches ? 'SUCCEEDED' : 'FAILED');
  });

  test.each(names)('in a Catch: $name', ({ errors, error, matches }) => {
    const states = {
      Do: task('do', { Catch: [{ ErrorEquals: errors, Next: 'Caught' }], End: true }),
      Caught: { Type: 'Succeed' },
    };
    const { end } = drive(states, {}, { Do: [{ error, cause: 'why' }] });

    expect(end).toEqual(matches ? succeeded({ Error: error, Cause: 'why' }) : { status: 'FAILED', error, cause: 'why' });
  });
});

describe('a Retry', () => {
  test('counts for each retrier by itself, across other errors', () => {
    const Retry: JsonObject[] = [
      { ErrorEquals: ['Unavailable'], MaxAttempts: 2 },
      { ErrorEquals: ['States.Timeout'], MaxAttempts: 1, IntervalSeconds: 10 },
    ];
    const answers = [unavailable, timeout, unavailable, unavailable];
    const { calls, end } = drive({ Do: task('do', { Retry, End: true }) }, {}, { Do: answers });

    expect(secondsBetween(calls)).toEqual([1, 10, 2]);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(end).toMatchObject({ status: 'FAILED', error: 'Unavailable' });
  });

  test('is done with when the first retrier that takes the error is used up, whatever comes after it', () => {
    const Retry: JsonObject[] = [{ ErrorEquals: ['Unavailable'], MaxAttempts: 1 }, { ErrorEquals: ['States.ALL'] }];
    const { calls } = drive({ Do: task('do', { Retry, End: true }) }, {}, { Do: [unavailable, unavailable] });

    expect(calls).toHaveLength(2);
  });

  test('with MaxAttempts 0 never tries again', () => {
    const Retry: JsonObject[] = [{ ErrorEquals: ['Unavailable'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }];
    const { calls, end } = drive({ Do: task('do', { Retry, End: true }) }, {}, { Do: [unavailable] });

    expect(calls).toHaveLength(1);
    expect(end?.status).toBe('FAILED');
  });

  test('is not a new entry of its state, and another entry counts anew', () => {
    const states = {
      Do: task('do', { Retry: [{ ErrorEquals: ['Unavailable'], MaxAttempts: 1 }], Next: 'More' }),
      More: { Type: 'Choice', Choices: [{ Variable: '$', StringEquals: 'done', Next: 'Done' }], Default: 'Do' },
      Done: { Type: 'Succeed' },
    };
    const { entered, calls } = drive(states, {}, { Do: [unavailable, { output: 'more' }, unavailable, done] });

    expect(entered).toEqual(['Do', 'More', 'Do', 'More', 'Done']);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(4);
  });

  test('comes before the Catch, which takes the last error', () => {
    const states = {
      Do: task('do', {
        Retry: [{ ErrorEquals: ['Unavailable'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        End: true,
      }),
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states, {}, { Do: [unavailable, conflict] }).end).toEqual(succeeded({ Error: 'Conflict', Cause: '' }));
    expect(drive(states, {}, { Do: [unavailable, unavailable] }).end).toEqual(succeeded({ Error: 'Unavailable', Cause: '' }));
  });

  test('does not repeat what fails in the work on data alone, which the Catch takes', () => {
    const states = {
      Do: task('do', {
        ResultSelector: { 'id.$': '$.missing' },
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ParameterPathFailure'], Next: 'Caught' }],
        End: true,
      }),
      Caught: { Type: 'Succeed' },
    };
    const { calls, entered } = drive(states, {}, { Do: [{ output: {} }] });

    expect(calls).toHaveLength(1);
    expect(entered).toEqual(['Do', 'Caught']);
  });

  test('says in the history which attempt it is', () => {
    const { events } = drive(
      { Do: task('do', { Retry: [{ ErrorEquals: ['States.ALL'] }], End: true }) },
      { a: 1 },
      { Do: [timeout, unavailable, done] },
    );
    const resource = 'arn:aws:lambda:us-east-1:000000000000:function:do';
    const scheduled = (attempt: number, at: number) => ({
      type: 'TaskScheduled',
      at,
      state: 'Do',
      resource,
      parameters: { a: 1 },
      attempt,
    });

    expect(events).toEqual([
      { type: 'ExecutionStarted', at: START_MS },
      { type: 'TaskStateEntered', at: START_MS, state: 'Do' },
      scheduled(1, START_MS),
      { type: 'TaskTimedOut', at: START_MS, state: 'Do', error: 'States.Timeout', cause: '', attempt: 1 },
      scheduled(2, START_MS),
      { type: 'TaskFailed', at: START_MS + 1_000, state: 'Do', error: 'Unavailable', cause: '', attempt: 2 },
      scheduled(3, START_MS + 1_000),
      { type: 'TaskSucceeded', at: START_MS + 3_000, state: 'Do', output: 'done' },
      { type: 'TaskStateExited', at: START_MS + 3_000, state: 'Do' },
      { type: 'ExecutionSucceeded', at: START_MS + 3_000, output: 'done' },
    ]);
  });
});

describe('a Catch', () => {
  test.each([
    [undefined, { Error: 'Conflict', Cause: 'why' }],
    ['$', { Error: 'Conflict', Cause: 'why' }],
    ['$.failure', { a: 1, failure: { Error: 'Conflict', Cause: 'why' } }],
    [null, { a: 1 }],
  ])('puts the error where its ResultPath says: %j', (ResultPath, output) => {
    const catcher = { ErrorEquals: ['Conflict'], Next: 'Caught', ...(ResultPath !== undefined && { ResultPath }) };
    const states = { Do: task('do', { Catch: [catcher], OutputPath: '$.nothing', End: true }), Caught: { Type: 'Succeed' } };

    expect(drive(states, { a: 1 }, { Do: [{ error: 'Conflict', cause: 'why' }] }).end).toEqual(succeeded(output));
  });

  test('the first that takes the error is taken', () => {
    const states = {
      Do: task('do', {
        Catch: [
          { ErrorEquals: ['Unavailable'], Next: 'Never' },
          { ErrorEquals: ['Conflict'], Next: 'Caught' },
          { ErrorEquals: ['States.ALL'], Next: 'Never' },
        ],
        End: true,
      }),
      Never: { Type: 'Fail' },
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states, {}, { Do: [conflict] }).entered).toEqual(['Do', 'Caught']);
  });

  test('with a ResultPath that does not fit fails with States.ResultPathMatchFailure', () => {
    const states = {
      Do: task('do', { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.a.b', Next: 'Caught' }], End: true }),
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states, { a: 1 }, { Do: [conflict] }).end).toMatchObject({ error: 'States.ResultPathMatchFailure' });
  });

  test('that leads back to a state which fails before its call does not go round for ever', () => {
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Do' }];
    const { entered, end } = drive({ Do: task('do', { Parameters: { 'a.$': '$.missing' }, Catch, End: true }) });

    expect(entered).toHaveLength(10_000);
    expect(end).toMatchObject({ error: 'States.Runtime' });
  });

  test('does not take a bad path, even by name', () => {
    const states = {
      Do: task('do', { OutputPath: '$.no.such', Catch: [{ ErrorEquals: ['States.Runtime'], Next: 'Caught' }], End: true }),
      Caught: { Type: 'Succeed' },
    };

    expect(drive(states, {}, { Do: [{ output: {} }] }).end).toEqual({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: "An error occurred while executing the state 'Do'. Invalid path '$.no.such' : Missing property in path $['no']",
    });
  });
});

describe('a call', () => {
  test.each([
    [{}, 99_999_999_000],
    [{ TimeoutSeconds: 5 }, 5_000],
    [{ TimeoutSecondsPath: '$.seconds' }, 7_000],
    [{ TimeoutSecondsPath: '$.seconds', Parameters: { a: 1 } }, 7_000],
    [{ TimeoutSeconds: 60, HeartbeatSeconds: 10 }, 60_000],
    [{ HeartbeatSecondsPath: '$.seconds' }, 99_999_999_000],
  ])('with %j may take %d ms', (fields, timeoutMs) => {
    expect(begin(machine({ Do: task('do', { ...fields, End: true }) }), { seconds: 7 }).commands).toMatchObject([{ timeoutMs }]);
  });

  test.each([0, -1, 1.5, '7', null, 100_000_000])('with %j at its TimeoutSecondsPath fails with States.Runtime', (seconds) => {
    expect(drive({ Do: task('do', { TimeoutSecondsPath: '$.seconds', End: true }) }, { seconds }).end).toMatchObject({
      error: 'States.Runtime',
    });
  });
});

/** The seconds that a Task waits before each call after the first. */
function waits(retry: JsonObject[], failures: number): number[] {
  const Retry = retry.map((retrier) => ({ ErrorEquals: ['States.ALL'], ...retrier }));
  const answers = [...Array.from({ length: failures }, () => unavailable), done];
  const { calls, end } = drive({ Do: task('do', { Retry, End: true }) }, {}, { Do: answers });
  expect(end).toEqual(succeeded('done'));
  return secondsBetween(calls);
}

function secondsBetween(calls: { notBefore: number }[]): number[] {
  return calls.slice(1).map(({ notBefore }, index) => (notBefore - (calls[index]?.notBefore ?? 0)) / 1_000);
}
