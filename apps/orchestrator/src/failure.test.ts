import { describe, expect, test } from '@jest/globals';
import type { Execution } from '#saga';
import { failureOf } from './failure.js';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const FAILED: Execution = {
  id: ID,
  stateMachine: 'create-concert',
  definitionHash: '',
  idempotencyKey: { caller: 'shop', key: 'a', fingerprint: '', expiresAt: 0 },
  request: null,
  status: 'FAILED',
  cursor: null,
  commands: [],
  memos: {},
  folds: {},
  stopRequested: false,
  owner: '',
  dueAt: null,
  failingSince: null,
  events: 0,
  revision: 1,
  writer: '',
  startedAt: 0,
  endedAt: 1,
};

const failed = (error: string, cause: object | string, more: Partial<Execution> = {}) => {
  const text = typeof cause === 'string' ? cause : JSON.stringify(cause);
  const { code, detail, fields } = failureOf({ ...FAILED, error, cause: text, ...more });
  return { code, detail, fields };
};

describe('an execution that failed', () => {
  test('is answered with the fault of its step', () => {
    expect(failed('Conflict', { detail: 'it exists already, with the id 7', state: 'CreateConcert' })).toEqual({
      code: 'Conflict',
      detail: 'it exists already, with the id 7',
      fields: undefined,
    });
    expect(
      failed('PreconditionFailed', { detail: 'version 3 is not 2', state: 'PatchBand' }, { stateMachine: 'patch-band' }),
    ).toEqual({
      code: 'PreconditionFailed',
      detail: 'version 3 is not 2; a GET of it at the gateway answers its ETag',
      fields: undefined,
    });
  });

  test('since concerts refer to what it deletes says how these are deleted too, unless that is what it does', () => {
    const told = (state: string) =>
      failed('Conflict', { detail: '2 concerts refer to it', state }, { stateMachine: 'delete-band' });
    expect(told('CountConcerts').detail).toBe('2 concerts refer to it; ?cascade=true deletes what refers to it, too');
    expect(told('CountConcertsToDelete').detail).toBe('2 concerts refer to it');
  });

  test.each([
    ['HoldBand', '/band'],
    ['HoldVenue', '/venue'],
    ['CheckEvent', '/event'],
  ])('in %s of a concert points to %s', (state, parameter) => {
    expect(failed('Conflict', { detail: 'it is being deleted', state })).toEqual({
      code: 'Conflict',
      detail: `${parameter.slice(1)}: it is being deleted`,
      fields: [{ parameter, code: 'Conflict', detail: 'it is being deleted' }],
    });
  });

  test('in a state of a band itself points nowhere', () => {
    const more = { stateMachine: 'delete-band' };
    expect(failed('NotFound', { detail: 'there is no band 7', state: 'ReadBand' }, more)).toEqual({
      code: 'NotFound',
      detail: 'there is no band 7',
      fields: undefined,
    });
  });

  test('for a part that was never there cannot be processed, and for one that has gone is a conflict', () => {
    expect(failed('NotFound', { detail: 'there is none', state: 'HoldVenue' })).toMatchObject({
      code: 'UnprocessableContent',
      fields: [{ parameter: '/venue/id' }],
    });
    expect(failed('NotFound', { detail: 'there is none', state: 'CheckVenue' })).toMatchObject({
      code: 'Conflict',
      fields: [{ parameter: '/venue' }],
    });
  });

  test('names the place in the body for the place in the call', () => {
    const at = (parameter: string) => ({ detail: 'x', state: 'HoldBand', fields: [{ parameter, code: 'c', detail: 'd' }] });
    const place = (cause: object, more = {}) => failed('ValidationError', cause, more).fields?.[0]?.parameter;
    expect(place(at('/part/row/name'))).toBe('/band/name');
    expect(place(at('/part/id'))).toBe('/band/id');
    expect(place({ ...at('/row/date'), state: 'CreateConcert' })).toBe('/date');
    expect(place({ ...at('/patch/date'), state: 'PatchConcert' })).toBe('/date');
    expect(place({ ...at('/row/genres/0'), state: 'CreateBand' }, { stateMachine: 'create-band' })).toBe('/genres/0');
    expect(place({ ...at('/rowdy'), state: 'CreateConcert' })).toBe('/rowdy');
  });

  test('for want of a service says that another try needs another key', () => {
    const { code, detail } = failed('Unavailable', { detail: 'bands is not reachable', state: 'HoldBand' });
    expect({ code, detail }).toEqual({
      code: 'Unavailable',
      detail: 'bands is not reachable; another try needs another Idempotency-Key',
    });
  });

  test('inside the engine says which execution to look at, and no more', () => {
    for (const error of ['States.Runtime', 'HistoryLimitExceeded', '']) {
      expect(failed(error, 'secret things')).toEqual({
        code: 'Internal',
        detail: `the execution ${ID} failed; /executions/${ID} tells how`,
        fields: undefined,
      });
    }
  });

  test('by its time is a time-out, and one that was stopped is told so', () => {
    expect(failed('States.Timeout', '')).toMatchObject({ code: 'Timeout', detail: expect.stringContaining(ID) });
    expect(failed('Stopped', '', { status: 'ABORTED' })).toMatchObject({
      code: 'Cancelled',
      detail: expect.stringContaining(ID),
    });
  });

  test.each(['some text', '[1]', '7', 'null', '{"detail": 7}', '{"detail": "x", "fields": "y"}', ''])(
    'with the cause %j is answered all the same',
    (cause) => {
      expect(failed('Conflict', cause)).toMatchObject({ code: 'Conflict', detail: expect.any(String) });
    },
  );
});
