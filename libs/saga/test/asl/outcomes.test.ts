import { describe, expect, test } from '@jest/globals';
import { advance, type Json, type JsonObject, type Outcome, type Step } from '../../src/index.js';
import { begin, drive, machine, START_MS, succeeded, task } from './drive.js';

const all = (Next: string): JsonObject[] => [{ ErrorEquals: ['States.ALL'], Next }];
const endless: JsonObject[] = [{ ErrorEquals: ['States.ALL'], MaxAttempts: 99_999_999 }];
const done: JsonObject = { Type: 'Succeed' };
const around = (state: JsonObject, more: JsonObject): JsonObject => ({
  Type: 'Parallel',
  Branches: [{ StartAt: 'Inner', States: { Inner: state } }],
  End: true,
  ...more,
});

describe('an interruption', () => {
  test('goes to the Catch at once, whatever the Retry says', () => {
    const states = { Call: task('call', { Retry: endless, Catch: all('Caught'), End: true }), Caught: done };

    expect(drive(states, {}, { Call: [{ error: 'Unavailable' }, { interrupted: 'Stopped' }] }).end).toEqual(
      succeeded({ Error: 'Stopped', Cause: 'from outside' }),
    );
  });

  test('fails the execution when nothing catches it', () => {
    expect(drive({ Call: task('call', { Retry: endless, End: true }) }, {}, { Call: [{ interrupted: 'Stopped' }] }).end).toEqual({
      status: 'FAILED',
      error: 'Stopped',
      cause: 'from outside',
    });
  });

  test('goes outwards past the Retry of a Parallel to its Catch', () => {
    const states = {
      Around: around(task('call', { Retry: endless, End: true }), { Retry: endless, Catch: all('Caught') }),
      Caught: done,
    };

    expect(drive(states, {}, { Inner: [{ interrupted: 'Stopped' }] }).entered).toEqual(['Around', 'Inner', 'Caught']);
  });

  test.each([
    ['a Wait', around({ Type: 'Wait', Seconds: 60, End: true }, { Catch: all('Caught') })],
    ['a Parallel that waits for its Retry', around({ Type: 'Fail', Error: 'No' }, { Retry: endless, Catch: all('Caught') })],
  ])('ends %s', (_name, state) => {
    const definition = machine({ Around: state, Caught: done });
    const step = begin(definition);
    const outcome: Outcome = {
      type: 'interrupted',
      command: step.commands[0]?.id ?? '',
      at: START_MS,
      error: 'Stopped',
      cause: '',
    };

    expect(step.commands).toMatchObject([{ type: 'wait', interruptible: true }]);
    expect(advance(definition, step.cursor, outcome).end).toEqual(succeeded({ Error: 'Stopped', Cause: '' }));
  });

  const catchers: { name: string; states: JsonObject; interruptible: boolean }[] = [
    { name: 'no Catch', states: { Call: task('call') }, interruptible: false },
    {
      name: 'a Catch of States.ALL',
      states: { Call: task('call', { Catch: all('Done'), End: true }), Done: done },
      interruptible: true,
    },
    {
      name: 'a Catch of other errors',
      states: { Call: task('call', { Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Done' }], End: true }), Done: done },
      interruptible: false,
    },
    {
      name: 'a Catch of States.ALL around it',
      states: { Around: around(task('call'), { Catch: all('Done') }), Done: done },
      interruptible: true,
    },
    { name: 'no Catch around it', states: { Around: around(task('call'), {}) }, interruptible: false },
    {
      name: 'a Catch of States.ALL two states around it',
      states: {
        Around: around(
          { Type: 'Map', ItemProcessor: { StartAt: 'Call', States: { Call: task('call') } }, End: true },
          { Catch: all('Done') },
        ),
        Done: done,
      },
      interruptible: true,
    },
  ];
  test.each(catchers)('is possible: $interruptible, with $name', ({ states, interruptible }) => {
    expect(begin(machine(states), [1]).commands).toMatchObject([{ interruptible }]);
  });
});

describe('an outcome that nothing waits for', () => {
  const definition = machine({
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'A', States: { A: task('a', { Retry: endless, End: true }) } },
        { StartAt: 'B', States: { B: { Type: 'Wait', Seconds: 60, End: true } } },
      ],
      Catch: all('Mend'),
      Next: 'Mend',
    },
    Mend: task('mend'),
  });
  const first = begin(definition, { a: 1 });
  const [a = '', b = ''] = first.commands.map(({ id }) => id);
  const retried = advance(definition, first.cursor, { type: 'failed', command: a, at: START_MS, error: 'No', cause: '' });

  const cases: { name: string; step: Step; outcome: Outcome }[] = [
    { name: 'of a command that never was', step: first, outcome: { type: 'succeeded', command: '9.9', at: START_MS, output: 1 } },
    { name: 'of an attempt that has failed', step: retried, outcome: { type: 'succeeded', command: a, at: START_MS, output: 1 } },
    { name: 'that is told twice', step: retried, outcome: { type: 'failed', command: a, at: START_MS, error: 'No', cause: '' } },
    {
      name: 'a late interruption',
      step: retried,
      outcome: { type: 'interrupted', command: a, at: START_MS, error: 'Stopped', cause: '' },
    },
    { name: 'a result for a Wait', step: first, outcome: { type: 'succeeded', command: b, at: START_MS, output: 1 } },
    { name: 'the end of a time for a Task', step: first, outcome: { type: 'elapsed', command: a, at: START_MS } },
    {
      name: 'of a branch whose sibling has failed',
      step: advance(definition, first.cursor, { type: 'interrupted', command: a, at: START_MS, error: 'Stopped', cause: '' }),
      outcome: { type: 'elapsed', command: b, at: START_MS },
    },
  ];
  test.each(cases)('changes nothing: $name', ({ step, outcome }) => {
    expect(advance(definition, step.cursor, outcome)).toEqual({ cursor: step.cursor, commands: step.commands, events: [] });
  });

  test('changes nothing when the execution has ended', () => {
    const ended = begin(machine({ Done: done }));

    expect(ended.end?.status).toBe('SUCCEEDED');
    expect(advance(definition, ended.cursor, { type: 'elapsed', command: '1.1', at: START_MS })).toEqual({
      cursor: ended.cursor,
      commands: [],
      events: [],
    });
  });

  test.each<Json>([7, 'x', [], {}, { start: {}, activity: {} }])(
    'a cursor that is none is a mistake of the caller: %j',
    (cursor) => {
      expect(() => advance(definition, cursor, { type: 'elapsed', command: '1.1', at: 0 })).toThrow(TypeError);
    },
  );
});

describe('the cursor of another definition', () => {
  test.each<[string, JsonObject]>([
    ['that does not have its state', { Other: task('other') }],
    ['whose state has no branches', { Both: task('both') }],
  ])('%s is a mistake of the caller', (_name, states) => {
    const both = { Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: task('a') } }], End: true };
    const { cursor, commands } = begin(machine({ Both: both }));
    const outcome: Outcome = { type: 'succeeded', command: commands[0]?.id ?? '', at: START_MS, output: 1 };

    expect(() => advance(machine(states), cursor, outcome)).toThrow(TypeError);
  });
});

describe('a step', () => {
  test('is the same whenever it is made of the same, and for a cursor that was written down and read again', () => {
    const definition = machine({
      Each: {
        Type: 'Map',
        MaxConcurrency: 2,
        ItemSelector: { 'value.$': '$$.Map.Item.Value', 'at.$': '$$.State.EnteredTime' },
        ItemProcessor: {
          StartAt: 'Call',
          States: { Call: task('call', { Retry: [{ ErrorEquals: ['States.ALL'], JitterStrategy: 'FULL' }], End: true }) },
        },
        End: true,
      },
    });
    let step = begin(definition, [1, 2, 3]);
    expect(begin(definition, [1, 2, 3])).toEqual(step);
    for (let count = 0; step.commands.length > 0; count += 1) {
      const command = step.commands.at(-1)?.id ?? '';
      const at = START_MS + count;
      const outcome: Outcome =
        count % 2 === 0
          ? { type: 'failed', command, at, error: 'No', cause: '' }
          : { type: 'succeeded', command, at, output: count };
      const written = JSON.stringify(step.cursor);
      const next = advance(definition, step.cursor, outcome);

      expect(advance(definition, step.cursor, outcome)).toEqual(next);
      expect(advance(definition, JSON.parse(written), outcome)).toEqual(next);
      expect(JSON.stringify(step.cursor)).toBe(written);
      expect(JSON.parse(JSON.stringify(next.cursor))).toEqual(next.cursor);
      step = next;
    }
    expect(step.end).toEqual(succeeded([5, 1, 3]));
  });
});
