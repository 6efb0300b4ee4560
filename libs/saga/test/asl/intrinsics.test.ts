import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../src/index.js';
import { drive, succeeded } from './drive.js';

const input = {
  name: 'Foo',
  template: 'Hello, {}!',
  count: 3,
  ratio: 0.5,
  yes: true,
  nothing: null,
  list: [1],
  first: { a: 1, b: { c: 2 } },
  second: { b: 3, d: 4 },
  "it's, (odd)": 'odd',
};

/** The function, and what it gives. */
const values: [string, Json][] = [
  ["States.Format('Your name is {}, we are in the year {}', $.name, 2020)", 'Your name is Foo, we are in the year 2020'],
  ['States.Format($.template, $.name)', 'Hello, Foo!'],
  ["States.Format('{}{}{}', $.count, $.ratio, -1.5e3)", '30.5-1500'],
  ["States.Format('{} {} {}', $.yes, $.nothing, false)", 'true null false'],
  ["States.Format('nothing to put in')", 'nothing to put in'],
  ["States.Format('\\{\\} {}', 'braces')", '{} braces'],
  ["States.Format('it\\'s {}', $.name)", "it's Foo"],
  ["States.Format('a \\\\ {}', 'b')", 'a \\ b'],
  ["States.Format('{}', '{}')", '{}'],
  ["States.Format('{}/{}', $$.Execution.Id, $$.State.Name)", 'execution-1/Compute'],
  ["States.Format( '{}' , $.name )", 'Foo'],
  ["States.Format('{}', $['it\\'s, (odd)'])", 'odd'],
  ["States.Format('{}', States.Format('<{}>', $.name))", '<Foo>'],
  ["States.Format('{}', 'ünïcode 🎸')", 'ünïcode 🎸'],
  ['States.JsonMerge($.first, $.second, false)', { a: 1, b: 3, d: 4 }],
  ['States.JsonMerge($.second, $.first, false)', { b: { c: 2 }, d: 4, a: 1 }],
  [
    'States.JsonMerge(States.JsonMerge($.first, $.second, false), $$.StateMachine, false)',
    { a: 1, b: 3, d: 4, Id: 'machine-1', Name: 'machine-1' },
  ],
];

/** Refused when the definition is loaded. */
const refused: string[] = [
  " States.Format('{}', $.name)",
  'States.Array(1, 2)',
  'States.UUID()',
  'States.Format',
  'States.Format()',
  'States.Format(1)',
  "States.Format('{}')",
  "States.Format('', 1)",
  "States.Format('{}', $.name",
  "States.Format('{}', $.name) and more",
  "States.Format('{}', $.name,)",
  "States.Format('{}', $.a b)",
  "States.Format('{}', name)",
  "States.Format('{}', 01)",
  "States.Format('unknown escape \\n')",
  'States.Format("double quotes")',
  "States.Format('not closed)",
  'States.JsonMerge($.first, $.second)',
  'States.JsonMerge($.first, $.second, true)',
  'States.JsonMerge($.first, $.second, false, 1)',
  `${'States.Format('.repeat(12)}'a'${')'.repeat(12)}`,
];

/** States.IntrinsicFailure when it comes to them. */
const failing: string[] = [
  "States.Format('{}', $.list)",
  "States.Format('{}', $.first)",
  "States.Format('{}', $.missing)",
  'States.Format($.name, 1)',
  'States.Format($.template)',
  'States.Format($.count)',
  'States.JsonMerge($.first, $.name, false)',
  'States.JsonMerge($.list, $.first, false)',
  'States.JsonMerge($.nothing, $.first, false)',
  'States.JsonMerge($.first, $.second, $.yes)',
];

describe('intrinsic functions', () => {
  test.each(values)('%s', (source, value) => {
    expect(compute(source).end).toEqual(succeeded({ value }));
  });

  test.each(refused)('%s is refused', (source) => {
    expect(() => compute(source)).toThrow(
      expect.objectContaining({ faults: [{ path: '/States/Compute/Parameters/value.$', detail: expect.any(String) }] }),
    );
  });

  test.each(failing)('%s fails with States.IntrinsicFailure', (source) => {
    expect(compute(source).end).toMatchObject({ status: 'FAILED', error: 'States.IntrinsicFailure' });
  });
});

function compute(source: string) {
  return drive({ Compute: { Type: 'Pass', Parameters: { 'value.$': source }, End: true } }, input);
}
