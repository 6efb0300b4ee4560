import type { ValidateFunction } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { makeAjv } from '#contracts';

const ajv = makeAjv({ allErrors: true, verbose: true });

/** The validator of a schema, compiled when it is first asked for: a process that starts needs none of them. */
export function compiled<S extends TSchema, T = Static<S>>(schema: S): () => ValidateFunction<T> {
  let validate: ValidateFunction<T> | undefined;
  return () => {
    validate ??= ajv.compile<T>(schema);
    return validate;
  };
}
