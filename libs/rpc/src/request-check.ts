import type { ValidateFunction } from 'ajv';
import { type CallContract, makeAjv, schemaFaults } from '#contracts';
import { Fault, type FieldFault } from '#problem';
import {
  ALL_FAULTS_MAX_LENGTH,
  MAX_DEADLINE_AHEAD_MS,
  MAX_FIELD_FAULTS,
  MAX_ID_LENGTH,
  MAX_POINTER_LENGTH,
  READ_DEADLINE_MS,
} from './bounds.js';
import type { CallContext } from './call-context.js';
import { isObject, type JsonObject } from './wire.js';

const firstFault = makeAjv({ verbose: true });
const allFaults = makeAjv({ allErrors: true, verbose: true });

/** The envelope of a request after it was checked. */
interface CheckedRequest {
  body: unknown;
  context: CallContext;
}

/** @param length of the whole message, which bounds how many faults it can hold */
export type RequestCheck = (envelope: unknown, length: number) => CheckedRequest;

/** A check of requests against the contract, compiled once. It throws `ValidationError` with every fault as a field. */
export function requestCheck(contract: CallContract): RequestCheck {
  const isRequest = firstFault.compile(contract.request);
  const explain = allFaults.compile(contract.request);
  return (envelope, length) => {
    if (!isObject(envelope)) throw invalid([{ parameter: '', code: 'type', detail: 'must be an object with a body' }]);
    const context = checkedContext(envelope);
    const { body } = envelope;
    if (!isRequest(body)) throw invalid(faultsOf(length <= ALL_FAULTS_MAX_LENGTH ? explain : isRequest, body));
    return { body, context };
  };
}

const invalid = (fields: FieldFault[]): Fault =>
  new Fault('ValidationError', 'the request is not as its contract says', { fields });

function checkedContext({ deadline, requestId = '', traceId = '' }: JsonObject): CallContext {
  const now = Date.now();
  if (deadline !== undefined && !Number.isFinite(deadline)) throw invalid([wrongEnvelope('deadline', 'must be a number')]);
  if (!isShortString(requestId)) throw invalid([wrongEnvelope('requestId', 'must be a short string')]);
  if (!isShortString(traceId)) throw invalid([wrongEnvelope('traceId', 'must be a short string')]);
  const asked = typeof deadline === 'number' ? deadline : now + READ_DEADLINE_MS;
  return { deadline: Math.min(asked, now + MAX_DEADLINE_AHEAD_MS), requestId, traceId };
}

const isShortString = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_ID_LENGTH;

const wrongEnvelope = (name: string, detail: string): FieldFault => ({ parameter: `/${name}`, code: 'type', detail });

function faultsOf(validate: ValidateFunction, body: unknown): FieldFault[] {
  validate(body);
  return schemaFaults(validate.errors)
    .slice(0, MAX_FIELD_FAULTS)
    .map(({ pointer, ...fault }) => ({ parameter: pointer.slice(0, MAX_POINTER_LENGTH), ...fault }));
}
