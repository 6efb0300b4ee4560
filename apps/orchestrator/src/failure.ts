import { Fault, type FieldFault, faultFromWire, isErrorCode } from '#problem';
import type { Execution } from '#saga';

/** The part of a concert that a state is about, by the end of its name. */
const PART = /(Band|Venue|Event)$/;
/** The members of a call that hold what the body held. */
const CALL_MEMBER = /^\/(?:part\/row|part|row|patch)(?=\/|$)/;

/** How an execution that did not succeed is answered. */
export function failureOf({ id, stateMachine, status, error = '', cause = '' }: Execution): Fault {
  if (status === 'ABORTED') return new Fault('Cancelled', `the execution ${id} was stopped`);
  if (error === 'States.Timeout') return new Fault('Timeout', `the execution ${id} did not end in time`);
  if (!isErrorCode(error)) return new Fault('Internal', `the execution ${id} failed; /executions/${id} tells how`);
  const told = readCause(cause);
  const { detail, fields } = faultFromWire({ ...told, code: error });
  const state = String(told.state);
  const part = stateMachine.endsWith('-concert') ? PART.exec(state)?.[1]?.toLowerCase() : undefined;
  if (part === undefined)
    return new Fault(
      error,
      detail,
      fields?.map((field) => inBody(field, '')),
    );
  if (error !== 'NotFound') {
    const faults = fields?.map((field) => inBody(field, `/${part}`));
    return new Fault(error, `${part}: ${detail}`, faults ?? [{ parameter: `/${part}`, code: error, detail }]);
  }
  // While it is looked for it was never there; later it has gone meanwhile.
  return state.startsWith('Hold')
    ? new Fault('UnprocessableContent', `${part}: ${detail}`, [{ parameter: `/${part}/id`, code: error, detail }])
    : new Fault('Conflict', `${part}: ${detail}`, [{ parameter: `/${part}`, code: error, detail }]);
}

/** What the caller of the participants makes of a fault; any other text is a detail. */
function readCause(text: string): { detail?: unknown; fields?: unknown; state?: unknown } {
  try {
    const cause: unknown = JSON.parse(text);
    return typeof cause === 'object' && cause !== null ? cause : { detail: text };
  } catch (error) {
    if (error instanceof SyntaxError) return { detail: text };
    throw error;
  }
}

const inBody = ({ parameter, ...fault }: FieldFault, at: string): FieldFault => ({
  parameter: `${at}${parameter.replace(CALL_MEMBER, '')}`,
  ...fault,
});
