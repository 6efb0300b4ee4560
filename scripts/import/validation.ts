import type { ErrorObject } from 'ajv';
import type { TObject } from 'typebox';
import { makeAjv } from '#contracts';

/** Every fault of a value, a sentence each; none when the value is a row of the schema. */
export type RowCheck = (value: unknown) => string[];

/** A check of rows against the schema that the service itself goes by. */
export function rowCheck(schema: TObject): RowCheck {
  const isRow = makeAjv({ allErrors: true, verbose: true }).compile(schema);
  return (value) => (isRow(value) ? [] : (isRow.errors ?? []).filter(isTold).map(sentence));
}

// Of a field that may be null two rules fail, and then that none held: only what it should otherwise be is worth telling.
const isTold = ({ keyword, params }: ErrorObject): boolean =>
  keyword !== 'anyOf' && !(keyword === 'type' && params.type === 'null');

function sentence({ instancePath, keyword, message, params, parentSchema, data }: ErrorObject): string {
  const field = instancePath.slice(1) || 'the row';
  switch (keyword) {
    case 'required':
      return instancePath === '' ? `${params.missingProperty} is missing` : `${field} has no ${params.missingProperty}`;
    case 'additionalProperties':
      return `${field} has an unknown field ${quoted(params.additionalProperty)}`;
    case 'enum':
      return `${field} must be one of ${params.allowedValues.join(', ')}, not ${quoted(data)}`;
    case 'format':
      return `${field} must be the name of an IANA ${params.format}, not ${quoted(data)}`;
    case 'pattern':
      return `${field} must be ${parentSchema?.description ?? 'text with something to see and no control characters'}, not ${quoted(data)}`;
    default:
      return `${field} ${message ?? keyword}, not ${quoted(data)}`;
  }
}

/** A value is shown up to this length: enough to find it by. */
const MAX_QUOTED_LENGTH = 60;

function quoted(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > MAX_QUOTED_LENGTH ? `${json.slice(0, MAX_QUOTED_LENGTH)}...` : json;
}
