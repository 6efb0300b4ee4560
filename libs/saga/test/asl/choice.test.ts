import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../src/index.js';
import { drive, succeeded } from './drive.js';

const NOON = '2026-03-01T12:00:00Z';
const NOON_ELSEWHERE = '2026-03-01T14:00:00+02:00';
const LATER = '2026-03-01T12:00:00.5Z';

/** The operators of the specification: the value of `$.value`, whether the rule matches. `$.other` is for the Path variants. */
const operators: [JsonObject, Json, boolean][] = [
  [{ StringEquals: 'a' }, 'a', true],
  [{ StringEquals: 'a' }, 'A', false],
  [{ StringEquals: '1' }, 1, false],
  [{ StringLessThan: 'b' }, 'a', true],
  [{ StringLessThan: 'b' }, 'b', false],
  [{ StringGreaterThan: 'b' }, 'c', true],
  [{ StringGreaterThan: 'b' }, 'b', false],
  [{ StringLessThanEquals: 'b' }, 'b', true],
  [{ StringLessThanEquals: 'b' }, 'c', false],
  [{ StringGreaterThanEquals: 'b' }, 'b', true],
  [{ StringGreaterThanEquals: 'b' }, 'a', false],
  [{ StringMatches: 'log-*.txt' }, 'log-2026.txt', true],
  [{ StringMatches: 'log-*.txt' }, 'log-2026.csv', false],
  [{ StringMatches: '*.txt' }, 'a.b.txt', true],
  [{ StringMatches: 'a*a' }, 'a', false],
  [{ StringMatches: '*a*b*' }, 'xxaxxbxx', true],
  [{ StringMatches: '*a*b*' }, 'xxbxxaxx', false],
  [{ StringMatches: 'a' }, 'ab', false],
  [{ StringMatches: 'a\\*b' }, 'a*b', true],
  [{ StringMatches: 'a\\*b' }, 'axb', false],
  [{ StringMatches: 'a\\\\*' }, 'a\\b', true],
  [{ StringMatches: '*' }, 7, false],
  [{ NumericEquals: 1 }, 1, true],
  [{ NumericEquals: 1 }, 1.5, false],
  [{ NumericEquals: 1 }, '1', false],
  [{ NumericLessThan: 1 }, 0.5, true],
  [{ NumericLessThan: 1 }, 1, false],
  [{ NumericGreaterThan: 1 }, 2, true],
  [{ NumericGreaterThan: 1 }, 1, false],
  [{ NumericLessThanEquals: 1 }, 1, true],
  [{ NumericGreaterThanEquals: 1 }, 0, false],
  [{ BooleanEquals: true }, true, true],
  [{ BooleanEquals: false }, true, false],
  [{ BooleanEquals: true }, 'true', false],
  [{ TimestampEquals: NOON }, NOON_ELSEWHERE, true],
  [{ TimestampEquals: NOON }, 'noon', false],
  [{ TimestampLessThan: LATER }, NOON, true],
  [{ TimestampLessThan: NOON }, NOON, false],
  [{ TimestampGreaterThan: NOON }, LATER, true],
  [{ TimestampGreaterThan: LATER }, NOON, false],
  [{ TimestampLessThanEquals: NOON }, NOON_ELSEWHERE, true],
  [{ TimestampGreaterThanEquals: NOON }, NOON_ELSEWHERE, true],
  [{ IsNull: true }, null, true],
  [{ IsNull: true }, 0, false],
  [{ IsNull: false }, 0, true],
  [{ IsPresent: true }, null, true],
  [{ IsPresent: false }, null, false],
  [{ IsNumeric: true }, 0, true],
  [{ IsNumeric: true }, '0', false],
  [{ IsString: true }, '', true],
  [{ IsString: false }, '', false],
  [{ IsBoolean: true }, false, true],
  [{ IsBoolean: true }, null, false],
  [{ IsTimestamp: true }, NOON, true],
  [{ IsTimestamp: true }, '2026-03-01', false],
  [{ IsTimestamp: true }, '2026-02-30T12:00:00Z', false],
  [{ IsTimestamp: true }, '2026-03-01t12:00:00z', false],
];

/** The same with the second operand at a path. */
const pathOperators: [string, Json, Json, boolean][] = [
  ['StringEqualsPath', 'a', 'a', true],
  ['StringEqualsPath', 'a', 'b', false],
  ['StringEqualsPath', 'a', 1, false],
  ['StringLessThanPath', 'a', 'b', true],
  ['StringGreaterThanPath', 'a', 'b', false],
  ['StringLessThanEqualsPath', 'a', 'a', true],
  ['StringGreaterThanEqualsPath', 'a', 'a', true],
  ['NumericEqualsPath', 1, 1, true],
  ['NumericLessThanPath', 1, 2, true],
  ['NumericGreaterThanPath', 1, 2, false],
  ['NumericLessThanEqualsPath', 2, 2, true],
  ['NumericGreaterThanEqualsPath', 1, 2, false],
  ['BooleanEqualsPath', true, true, true],
  ['TimestampEqualsPath', NOON, NOON_ELSEWHERE, true],
  ['TimestampLessThanPath', NOON, LATER, true],
  ['TimestampGreaterThanPath', NOON, LATER, false],
  ['TimestampLessThanEqualsPath', NOON, NOON_ELSEWHERE, true],
  ['TimestampGreaterThanEqualsPath', LATER, NOON, true],
];

const yes = { Variable: '$.value', NumericEquals: 1 };
const no = { Variable: '$.value', NumericEquals: 2 };

const combinations: [JsonObject, boolean][] = [
  [{ And: [yes, yes] }, true],
  [{ And: [yes, no] }, false],
  [{ Or: [no, yes] }, true],
  [{ Or: [no, no] }, false],
  [{ Not: no }, true],
  [{ Not: yes }, false],
  [{ And: [{ Or: [no, yes] }, { Not: { And: [yes, no] } }] }, true],
  [{ Not: { Not: yes } }, true],
  [
    {
      And: [
        { Variable: '$.missing', IsPresent: true },
        { Variable: '$.missing', StringEquals: 'a' },
      ],
    },
    false,
  ],
  [{ Or: [yes, { Variable: '$.missing', StringEquals: 'a' }] }, true],
  [{ Variable: '$.missing', IsPresent: false }, true],
  [{ Variable: '$$.Execution.Id', StringEquals: 'execution-1' }, true],
  [{ Variable: '$.value', NumericEqualsPath: '$$.Execution.Input.value' }, true],
];

describe('a Choice', () => {
  test.each(operators)('%j of %j: %j', (operator, value, matches) => {
    expect(decide({ Variable: '$.value', ...operator }, { value })).toBe(matches);
  });

  test.each(pathOperators)('%s of %j and %j: %j', (operator, value, other, matches) => {
    expect(decide({ Variable: '$.value', [operator]: '$.other' }, { value, other })).toBe(matches);
  });

  test.each(combinations)('%j: %j', (rule, matches) => {
    expect(decide(rule, { value: 1 })).toBe(matches);
  });

  test('takes the first of its rules that matches', () => {
    const rule = (Next: string): JsonObject => ({ Variable: '$.value', NumericGreaterThan: 0, Next });
    const states = {
      Choose: { Type: 'Choice', Choices: [rule('First'), rule('Second')] },
      First: { Type: 'Pass', Result: 1, End: true },
      Second: { Type: 'Pass', Result: 2, End: true },
    };

    expect(drive(states, { value: 1 }).end).toEqual(succeeded(1));
  });

  test('fails with States.NoChoiceMatched when nothing matches and it has no Default', () => {
    const states = { Choose: { Type: 'Choice', Choices: [{ ...no, Next: 'Done' }] }, Done: { Type: 'Succeed' } };

    expect(drive(states, { value: 1 }).end).toMatchObject({ status: 'FAILED', error: 'States.NoChoiceMatched' });
  });

  test.each<JsonObject>([
    { Variable: '$.missing', StringEquals: 'a' },
    { Variable: '$.value', StringEqualsPath: '$.missing' },
  ])('fails with States.Runtime for a path that finds nothing: %j', (rule) => {
    const states = { Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Done' }] }, Done: { Type: 'Succeed' } };

    expect(drive(states, { value: 'a' }).end).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  test('looks at its input after InputPath and hands it on after OutputPath', () => {
    const states = {
      Choose: {
        Type: 'Choice',
        InputPath: '$.inner',
        OutputPath: '$.kept',
        Choices: [{ Variable: '$.value', NumericEquals: 1, Next: 'Done' }],
      },
      Done: { Type: 'Succeed' },
    };

    expect(drive(states, { inner: { value: 1, kept: 'this' } }).end).toEqual(succeeded('this'));
  });
});

function decide(rule: JsonObject, input: Json): boolean {
  const { entered } = drive(
    {
      Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
      Yes: { Type: 'Succeed' },
      No: { Type: 'Succeed' },
    },
    input,
  );
  return entered.at(-1) === 'Yes';
}
