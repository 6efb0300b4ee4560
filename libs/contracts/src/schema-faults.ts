import type { ErrorObject } from 'ajv';

/** One thing that is wrong with a value: where (a JSON pointer), which rule, and a sentence that says what is allowed. */
export interface SchemaFault {
  pointer: string;
  code: string;
  detail: string;
}

/** A value is shown up to this length: enough to find it by. */
const MAX_QUOTED_LENGTH = 60;

/** What a validator found, each fault once and worded. It must have been made with `verbose` to show values. */
export const schemaFaults = (errors: readonly ErrorObject[] | null | undefined): SchemaFault[] =>
  (errors ?? []).filter(isTold).map(toFault);

export function quoted(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > MAX_QUOTED_LENGTH ? `${json.slice(0, MAX_QUOTED_LENGTH)}...` : json;
}

// Of a value that may be null two rules fail, and then that none held: only what it should otherwise be is worth telling.
const isTold = ({ keyword, params }: ErrorObject): boolean =>
  keyword !== 'anyOf' && !(keyword === 'type' && params.type === 'null');

/** A missing or unknown property is named itself, not the object around it. */
function toFault(error: ErrorObject): SchemaFault {
  const name: unknown = error.params.missingProperty ?? error.params.additionalProperty;
  const pointer = typeof name === 'string' ? `${error.instancePath}/${pointerStep(name)}` : error.instancePath;
  return { pointer, code: error.keyword, detail: sentence(error) };
}

const pointerStep = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function sentence({ keyword, message, params, parentSchema, data }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return `is not known; ${knownNames(Object.keys(parentSchema?.properties ?? {}))}`;
    case 'enum':
      return `must be one of ${params.allowedValues.join(', ')}, not ${quoted(data)}`;
    case 'format':
      return `must be ${formatNames.get(params.format) ?? `a ${params.format}`}, not ${quoted(data)}`;
    case 'pattern':
      return `must be ${parentSchema?.description ?? 'text with something to see and no control characters'}, not ${quoted(data)}`;
    case 'maxItems':
    case 'minItems':
    case 'maxLength':
    case 'minLength':
      return message ?? keyword;
    default:
      return `${message ?? keyword}, not ${quoted(data)}`;
  }
}

const knownNames = (names: string[]): string => (names.length > 0 ? `known are ${names.join(', ')}` : 'there are none here');

const formatNames = new Map([
  ['time-zone', 'the name of an IANA time zone such as Europe/Paris'],
  ['moment', 'an RFC 3339 instant such as 2024-05-01T20:00:00Z or a date such as 2024-05-01, of the years 1 to 9999'],
]);
