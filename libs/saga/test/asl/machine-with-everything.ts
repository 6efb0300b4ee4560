import type { JsonObject } from '../../src/index.js';
import { task } from './drive.js';

/** A valid state machine with each type of state and nearly every field: what the tests of validation break. */
export const machineWithEverything: JsonObject = {
  Comment: 'Everything once',
  Version: '1.0',
  QueryLanguage: 'JSONPath',
  StartAt: 'HoldBand',
  States: {
    HoldBand: task('bands-hold', {
      Comment: 'Made, and undone when anything fails',
      InputPath: '$',
      Parameters: { 'key.$': "States.Format('{}/{}', $$.Execution.Id, $.band.name)", list: [{ 'name.$': '$.band.name' }] },
      ResultSelector: { 'id.$': '$.id' },
      ResultPath: '$.band.held',
      OutputPath: '$',
      TimeoutSeconds: 60,
      HeartbeatSeconds: 10,
      Retry: [
        {
          ErrorEquals: ['Unavailable', 'States.Timeout'],
          IntervalSeconds: 2,
          BackoffRate: 1.5,
          MaxAttempts: 5,
          MaxDelaySeconds: 10,
          JitterStrategy: 'FULL',
        },
        { ErrorEquals: ['States.ALL'], Comment: 'and the rest' },
      ],
      Catch: [
        { ErrorEquals: ['Conflict'], ResultPath: '$.failure', Next: 'Failed' },
        { ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'UndoBand' },
      ],
      Next: 'Choose',
    }),
    Choose: {
      Type: 'Choice',
      Choices: [
        {
          And: [{ Variable: '$.kind', StringEquals: 'slow' }, { Not: { Variable: '$.count', NumericLessThan: 1 } }],
          Next: 'Pause',
        },
        { Variable: '$.count', NumericEqualsPath: '$.other', Next: 'Both' },
        {
          Or: [
            { Variable: '$.at', TimestampEquals: '2026-03-01T12:00:00Z' },
            { Variable: '$.kind', IsPresent: false },
          ],
          Next: 'Give',
        },
      ],
      Default: 'Each',
    },
    Pause: { Type: 'Wait', Seconds: 1, Next: 'HoldBand' },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Left', States: { Left: { Type: 'Pass', Next: 'LeftEnd' }, LeftEnd: { Type: 'Succeed' } } },
        { StartAt: 'Right', States: { Right: { Type: 'Wait', SecondsPath: '$.seconds', End: true } } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Failed' }],
      Next: 'Give',
    },
    Each: {
      Type: 'Map',
      ItemsPath: '$.list',
      ItemSelector: { 'item.$': '$$.Map.Item.Value' },
      MaxConcurrency: 3,
      ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'Item', States: { Item: { Type: 'Pass', End: true } } },
      ResultPath: null,
      Next: 'Give',
    },
    Give: { Type: 'Pass', Result: { a: 1 }, ResultPath: '$.given', Next: 'Until' },
    Until: { Type: 'Wait', Timestamp: '2026-03-01T12:00:00Z', Next: 'Done' },
    Done: { Type: 'Succeed', OutputPath: '$.given' },
    UndoBand: task('bands-undo', { TimeoutSecondsPath: '$.seconds', ResultPath: null, Next: 'Failed' }),
    Failed: { Type: 'Fail', ErrorPath: '$.failure.Error', CausePath: '$.failure.Cause' },
  },
};
