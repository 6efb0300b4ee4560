import type { Json } from '../src/index.js';

const task = (name: string, more: { [field: string]: Json } = {}): { [field: string]: Json } => ({
  Type: 'Task',
  Resource: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
  TimeoutSeconds: 60,
  ...more,
});

const ever: Json = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 1_000 }];
const undone: Json = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Undo' }];
const failed: Json = { Type: 'Fail', ErrorPath: '$.failure.Error', CausePath: '$.failure.Cause' };

/** Small state machines, each for one thing that an engine has to do. */
export const machines = new Map<string, Json>([
  [
    'two-steps',
    { StartAt: 'First', States: { First: task('first', { Next: 'Second' }), Second: task('second', { End: true }) } },
  ],
  ['short-call', { StartAt: 'Call', States: { Call: task('call', { TimeoutSeconds: 1, Retry: ever, End: true }) } }],
  ['short-call-once', { StartAt: 'Call', States: { Call: task('call', { TimeoutSeconds: 1, End: true }) } }],
  ['waits', { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 1, Next: 'Then' }, Then: task('then', { End: true }) } }],
  ['retried', { StartAt: 'Call', States: { Call: task('call', { Retry: ever, End: true }) } }],
  [
    'booking',
    {
      StartAt: 'Book',
      States: {
        Book: task('places-hold', { Catch: undone, End: true }),
        Undo: task('places-undo', { Retry: ever, ResultPath: null, Next: 'Failed' }),
        Failed: failed,
      },
    },
  ],
  ['last-write', { StartAt: 'LastWrite', States: { LastWrite: task('write', { Retry: ever, End: true }) } }],
  [
    'round-and-round',
    {
      StartAt: 'Again',
      States: {
        Again: task('again', { Catch: undone, ResultPath: null, Next: 'Enough' }),
        Enough: { Type: 'Choice', Choices: [{ Variable: '$.answer', NumericEquals: 0, Next: 'Done' }], Default: 'Again' },
        Done: { Type: 'Succeed' },
        Undo: task('undo', { Retry: ever, ResultPath: null, Next: 'Failed' }),
        Failed: failed,
      },
    },
  ],
]);
