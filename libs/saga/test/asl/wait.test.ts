import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../src/index.js';
import { begin, drive, machine, START_MS, succeeded } from './drive.js';

const LATER = '2026-03-01T12:30:00Z';

const times: { fields: JsonObject; input?: Json; afterMs: number }[] = [
  { fields: { Seconds: 10 }, afterMs: 10_000 },
  { fields: { Seconds: 0 }, afterMs: 0 },
  { fields: { Seconds: 99_999_999 }, afterMs: 99_999_999_000 },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: 7 }, afterMs: 7_000 },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: 0 }, afterMs: 0 },
  { fields: { InputPath: '$.inner', SecondsPath: '$.seconds' }, input: { inner: { seconds: 7 } }, afterMs: 7_000 },
  { fields: { Timestamp: LATER }, afterMs: 1_800_000 },
  { fields: { Timestamp: '2026-03-01T13:00:00.25+01:00' }, afterMs: 250 },
  { fields: { Timestamp: '2016-03-14T01:59:00Z' }, afterMs: Date.UTC(2016, 2, 14, 1, 59) - START_MS },
  { fields: { TimestampPath: '$.until' }, input: { until: LATER }, afterMs: 1_800_000 },
  { fields: { TimestampPath: '$$.Execution.StartTime' }, afterMs: 0 },
];

const faults: { fields: JsonObject; input: Json }[] = [
  { fields: { SecondsPath: '$.missing' }, input: {} },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: '7' } },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: -1 } },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: 1.5 } },
  { fields: { SecondsPath: '$.seconds' }, input: { seconds: 1e300 } },
  { fields: { TimestampPath: '$.missing' }, input: {} },
  { fields: { TimestampPath: '$.until' }, input: { until: 'tomorrow' } },
  { fields: { TimestampPath: '$.until' }, input: { until: '2026-02-29T00:00:00Z' } },
  { fields: { TimestampPath: '$.until' }, input: { until: '2026-03-01 12:00:00Z' } },
  { fields: { TimestampPath: '$.until' }, input: { until: 7 } },
];

describe('a Wait', () => {
  test.each(times)('$fields of $input', ({ fields, input = {}, afterMs }) => {
    const [command] = begin(machine({ Wait: { Type: 'Wait', ...fields, End: true } }), input).commands;

    expect(command).toEqual({ type: 'wait', id: '1.1', state: 'Wait', notBefore: START_MS + afterMs, interruptible: false });
  });

  test.each(faults)('$fields of $input fails with States.Runtime', ({ fields, input }) => {
    expect(drive({ Wait: { Type: 'Wait', ...fields, End: true } }, input).end).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
    });
  });

  test('hands its input on after InputPath and OutputPath', () => {
    const states = {
      Wait: { Type: 'Wait', Seconds: 1, InputPath: '$.a', OutputPath: '$.b', Next: 'Done' },
      Done: { Type: 'Succeed' },
    };
    const { end, events } = drive(states, { a: { b: 1 } });

    expect(end).toEqual(succeeded(1));
    expect(events.map(({ type, at }) => [type, at - START_MS])).toContainEqual(['WaitStateExited', 1_000]);
  });
});
