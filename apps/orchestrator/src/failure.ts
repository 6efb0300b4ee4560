import { Fault, type FieldFault, faultFromWire, isErrorCode } from '#problem';
import type { Execution } from '#saga';
import { ETAG_HINT } from './if-match.js';

/** The part of a concert that a state is about, by the end of its name. */
const PART = /(Band|Venue|Event)$/;
/** The members of a call that hold what the body held. */
const CALL_MEMBER = /^\/(?:part\/row|part|row|patch)(?=\/|$)/;

/** The answer to a key is the same from then on. */
const NEW_KEY = 'another try needs another Idempotency-Key';
/** The state in which a delete that is no cascade is refused for the concerts that there are. */
const COUNT = 'CountConcerts';

/** How an execution that did not succeed is answered. */
export function failureOf({ id, stateMachine, status, error = '', cause = '' }: Execution): Fault {
  if (status === 'ABORTED') return new Fault('Cancelled', `the execution ${id} was stopped`);
  if (error === 'States.Timeout') return new Fault('Timeout', `the execution ${id} did not end in time; ${NEW_KEY}`);
  if (error === 'States.DataLimitExceeded')
    return new Fault('ContentTooLarge', `with all that belongs to it the concert is too large`);
  if (!isErrorCode(error)) return new Fault('Internal', `the execution ${id} failed; /executions/${id} tells how`);
  const told = readCause(cause);
  const fault = faultFromWire({ ...told, code: error });
  if (fault.retryable) return new Fault(error, `${fault.detail}; ${NEW_KEY}`);
  const part = stateMachine.endsWith('-concert') ? PART.exec(String(told.state))?.[1]?.toLowerCase() : undefined;
  if (part !== undefined) return failureOfPart(part, fault, String(told.state));
  const fields = fault.fields?.map((field) => inBody(field, ''));
  return new Fault(error, [fault.detail, ...wayOut(fault, told.state)].join('; '), { fields });
}

/** What a client can do that HTTP alone knows of. */
function wayOut({ code }: Fault, state: unknown): string[] {
  if (code === 'PreconditionFailed') return [ETAG_HINT];
  return code === 'Conflict' && state === COUNT ? ['?cascade=true deletes what refers to it, too'] : [];
}

function failureOfPart(part: string, { code, detail, fields }: Fault, state: string): Fault {
  const whole = { parameter: `/${part}`, code, detail };
  if (code !== 'NotFound') {
    return new Fault(code, `${part}: ${detail}`, { fields: fields?.map((field) => inBody(field, `/${part}`)) ?? [whole] });
  }
  // While it is looked for it was never there; later it has gone meanwhile.
  return state.startsWith('Hold')
    ? new Fault('UnprocessableContent', `${part}: ${detail}`, { fields: [{ ...whole, parameter: `/${part}/id` }] })
    : new Fault('Conflict', `${part}: ${detail}`, { fields: [whole] });
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
