import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../src/index.js';
import { drive, succeeded, task } from './drive.js';

const runtime = { status: 'FAILED', error: 'States.Runtime' };
const input = { band: { name: 'A', members: [{ role: 'drums' }, { role: 'bass' }] }, count: 2 };

/** The fields of a Task, what it is called with, what it answers, what the execution gives. */
const flows: { name: string; fields: JsonObject; called?: Json; answer?: Json; output: Json }[] = [
  { name: 'no field: the input goes in, the result comes out', fields: {}, called: input, answer: 1, output: 1 },
  { name: 'InputPath', fields: { InputPath: '$.band.name' }, called: 'A', answer: 1, output: 1 },
  { name: 'InputPath null', fields: { InputPath: null }, called: {}, answer: 1, output: 1 },
  {
    name: 'InputPath of several values',
    fields: { InputPath: '$.band.members[*].role' },
    called: ['drums', 'bass'],
    answer: 1,
    output: 1,
  },
  { name: 'InputPath of several values, none found', fields: { InputPath: '$..nothing' }, called: [], answer: 1, output: 1 },
  {
    name: 'InputPath from the end of an array',
    fields: { InputPath: '$.band.members[-1].role' },
    called: 'bass',
    answer: 1,
    output: 1,
  },
  {
    name: 'Parameters',
    fields: { Parameters: { fixed: [1, { a: null }], 'name.$': '$.band.name' } },
    called: { fixed: [1, { a: null }], name: 'A' },
    answer: 1,
    output: 1,
  },
  {
    name: 'Parameters after InputPath',
    fields: { InputPath: '$.band', Parameters: { 'name.$': '$.name' } },
    called: { name: 'A' },
    answer: 1,
    output: 1,
  },
  {
    name: 'Parameters in objects and arrays',
    fields: { Parameters: { list: [{ 'count.$': '$.count' }, 3], deep: { 'count.$': '$.count' } } },
    called: { list: [{ count: 2 }, 3], deep: { count: 2 } },
    answer: 1,
    output: 1,
  },
  {
    name: 'Parameters with the whole input',
    fields: { Parameters: { 'all.$': '$' } },
    called: { all: input },
    answer: 1,
    output: 1,
  },
  {
    name: 'Parameters with a field called __proto__',
    fields: { Parameters: JSON.parse('{"__proto__.$": "$.count"}') },
    called: JSON.parse('{"__proto__": 2}'),
    answer: 1,
    output: 1,
  },
  {
    name: 'ResultSelector',
    fields: { ResultSelector: { 'id.$': '$.id', kind: 'band' } },
    answer: { id: 7, more: 1 },
    output: { id: 7, kind: 'band' },
  },
  { name: 'ResultPath to a new field', fields: { ResultPath: '$.id' }, answer: 7, output: { ...input, id: 7 } },
  { name: 'ResultPath over a field', fields: { ResultPath: '$.band' }, answer: 7, output: { ...input, band: 7 } },
  {
    name: 'ResultPath makes what is missing on its way',
    fields: { ResultPath: '$.made.band.id' },
    answer: 7,
    output: { ...input, made: { band: { id: 7 } } },
  },
  {
    name: 'ResultPath to an item',
    fields: { ResultPath: '$.band.members[1].role' },
    answer: 'keys',
    output: { band: { name: 'A', members: [{ role: 'drums' }, { role: 'keys' }] }, count: 2 },
  },
  { name: 'ResultPath null', fields: { ResultPath: null }, answer: 7, output: input },
  {
    name: 'ResultPath to a field called __proto__',
    fields: { InputPath: null, ResultPath: '$.__proto__', OutputPath: '$.__proto__' },
    answer: 7,
    output: 7,
  },
  {
    name: 'ResultPath goes into the raw input, whatever InputPath says',
    fields: { InputPath: '$.band', ResultPath: '$.id', OutputPath: '$.count' },
    answer: 7,
    output: 2,
  },
  {
    name: 'ResultSelector before ResultPath',
    fields: { ResultSelector: { 'id.$': '$.id' }, ResultPath: '$.made', OutputPath: '$.made' },
    answer: { id: 7 },
    output: { id: 7 },
  },
  { name: 'OutputPath', fields: { OutputPath: '$.id' }, answer: { id: 7 }, output: 7 },
  { name: 'OutputPath null', fields: { OutputPath: null }, answer: { id: 7 }, output: {} },
];

const faults: { name: string; fields: JsonObject; answer?: Json; end: JsonObject }[] = [
  { name: 'InputPath finds nothing', fields: { InputPath: '$.nothing' }, end: runtime },
  { name: 'OutputPath finds nothing', fields: { OutputPath: '$.nothing' }, answer: {}, end: runtime },
  { name: 'an inherited field is none', fields: { InputPath: '$.toString' }, end: runtime },
  {
    name: 'Parameters find nothing',
    fields: { Parameters: { 'a.$': '$.nothing' } },
    end: { error: 'States.ParameterPathFailure' },
  },
  {
    name: 'ResultSelector finds nothing',
    fields: { ResultSelector: { 'a.$': '$.nothing' } },
    answer: {},
    end: { error: 'States.ParameterPathFailure' },
  },
  {
    name: 'ResultPath through a number',
    fields: { ResultPath: '$.count.of' },
    answer: 1,
    end: { error: 'States.ResultPathMatchFailure' },
  },
  {
    name: 'ResultPath through an array',
    fields: { ResultPath: '$.band.members.first' },
    answer: 1,
    end: { error: 'States.ResultPathMatchFailure' },
  },
  {
    name: 'ResultPath past the end of an array',
    fields: { ResultPath: '$.band.members[2]' },
    answer: 1,
    end: { error: 'States.ResultPathMatchFailure' },
  },
  {
    name: 'ResultPath into an item of no array',
    fields: { ResultPath: '$.band[0]' },
    answer: 1,
    end: { error: 'States.ResultPathMatchFailure' },
  },
  {
    name: 'an intrinsic function fails',
    fields: { Parameters: { 'a.$': "States.Format('{}', $.band)" } },
    end: { error: 'States.IntrinsicFailure' },
  },
  { name: 'a result of more than 256 KiB', fields: {}, answer: 'é'.repeat(131_072), end: { error: 'States.DataLimitExceeded' } },
  {
    name: 'parameters of more than 256 KiB',
    fields: { Parameters: { 'a.$': '$', 'b.$': '$' } },
    end: { error: 'States.DataLimitExceeded' },
  },
  {
    name: 'an output of more than 256 KiB',
    fields: { ResultPath: '$.again' },
    answer: 'x'.repeat(250_000),
    end: { error: 'States.DataLimitExceeded' },
  },
  { name: 'a result that is nested too deep', fields: {}, answer: nested(200), end: { error: 'States.DataLimitExceeded' } },
];

describe('input and output of a state', () => {
  test.each(flows)('$name', ({ fields, called, answer = 1, output }) => {
    const { end, calls } = drive({ Do: task('do', { ...fields, End: true }) }, input, { Do: [{ output: answer }] });

    if (called !== undefined) expect(calls[0]?.input).toEqual(called);
    expect(end).toEqual(succeeded(output));
  });

  test.each(faults)('$name', ({ fields, answer = 1, end }) => {
    const large = { ...input, much: 'x'.repeat(140_000) };

    expect(drive({ Do: task('do', { ...fields, End: true }) }, large, { Do: [{ output: answer }] }).end).toMatchObject(end);
  });

  test('an execution with an input of more than 256 KiB fails at once', () => {
    const { entered, end } = drive({ Do: task('do') }, 'x'.repeat(262_144));

    expect(entered).toEqual([]);
    expect(end).toMatchObject({ error: 'States.DataLimitExceeded' });
  });

  test('a Pass gives its Result, which is not a template', () => {
    const result = { 'a.$': '$.band', b: [null] };

    expect(
      drive({ Give: { Type: 'Pass', Result: result, ResultPath: '$.given', OutputPath: '$.given', End: true } }, input).end,
    ).toEqual(succeeded(result));
    expect(drive({ Give: { Type: 'Pass', Result: null, End: true } }, input).end).toEqual(succeeded(null));
  });

  test('a Pass without a Result gives its parameters, or its input', () => {
    expect(
      drive({ Give: { Type: 'Pass', Parameters: { 'n.$': '$.count' }, ResultPath: '$.band', End: true } }, input).end,
    ).toEqual(succeeded({ band: { n: 2 }, count: 2 }));
    expect(drive({ Give: { Type: 'Pass', InputPath: '$.count', ResultPath: '$.band', End: true } }, input).end).toEqual(
      succeeded({ band: 2, count: 2 }),
    );
  });

  test('a Succeed has InputPath and OutputPath', () => {
    expect(drive({ Done: { Type: 'Succeed', InputPath: '$.band', OutputPath: '$.name' } }, input).end).toEqual(succeeded('A'));
  });

  test.each([
    [
      { Error: 'Refused', Cause: 'why' },
      { error: 'Refused', cause: 'why' },
    ],
    [{}, { error: '', cause: '' }],
    [
      { ErrorPath: '$.band.name', CausePath: '$$.Execution.Id' },
      { error: 'A', cause: 'execution-1' },
    ],
    [
      { Error: 'Refused', CausePath: "States.Format('{} of them', $.count)" },
      { error: 'Refused', cause: '2 of them' },
    ],
    [{ ErrorPath: '$.nothing' }, { error: 'States.Runtime' }],
    [{ ErrorPath: '$.count' }, { error: 'States.Runtime' }],
    [
      { Error: 'x'.repeat(300), CausePath: '$.long' },
      { error: 'x'.repeat(256), cause: 'y'.repeat(32_768) },
    ],
  ])('a Fail with %j', (fields, end) => {
    expect(drive({ Stop: { Type: 'Fail', ...fields } }, { ...input, long: 'y'.repeat(40_000) }).end).toMatchObject({
      status: 'FAILED',
      ...end,
    });
  });

  test('the input is left as it was', () => {
    const frozen = freeze(structuredClone(input));
    const states = {
      Do: task('do', { ResultPath: '$.band.members[0].id', Next: 'Then' }),
      Then: { Type: 'Pass', Parameters: { 'x.$': '$.band' }, ResultPath: '$.band.copy', End: true },
    };

    expect(drive(states, frozen, { Do: [{ output: 1 }] }).end?.status).toBe('SUCCEEDED');
    expect(frozen).toEqual(input);
  });
});

function nested(depth: number): Json {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

function freeze(value: Json): Json {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}
