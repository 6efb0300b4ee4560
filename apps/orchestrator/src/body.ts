import type { Static, TSchema } from 'typebox';
import { schemaFaults } from '#contracts';
import { Fault, type FieldFault } from '#problem';
import { compiled } from './compiled.js';

/** A body with more faults than this is not read by a person; the first of each place is enough. */
const MAX_FAULTS = 50;
/** The sender chooses the names in its body, and with them the length of the pointers to its faults. */
const MAX_POINTER_LENGTH = 256;

/**
 * Reads a part of a body.
 * @param at the JSON pointer to it
 * @returns the value when it is as its schema says; nothing, with all that is wrong added to the faults, when it is not
 */
export type BodyReader<T> = (value: unknown, at: string, faults: FieldFault[]) => T | undefined;

export function bodyReader<S extends TSchema>(schema: S): BodyReader<Static<S>> {
  const validator = compiled(schema);
  return (value, at, faults) => {
    const isValid = validator();
    if (isValid(value)) return value;
    const found = new Map<string, FieldFault>();
    for (const { pointer, code, detail } of schemaFaults(isValid.errors?.slice(0, 4 * MAX_FAULTS))) {
      const parameter = `${at}${pointer}`.slice(0, MAX_POINTER_LENGTH);
      if (!found.has(parameter)) found.set(parameter, { parameter, code, detail });
    }
    faults.push(...found.values());
    return undefined;
  };
}

/** A refusal that tells every fault. */
export function invalidBody(faults: readonly FieldFault[]): Fault {
  const told = faults.slice(0, MAX_FAULTS);
  const details = told.map(({ parameter, detail }) => `${parameter || 'the body'} ${detail}`);
  if (faults.length > told.length) details.push('and more');
  return new Fault('ValidationError', details.join('; '), { fields: told });
}

/**
 * Reads a whole body of one schema.
 * @param look adds what is wrong between its members
 * @returns what throws ValidationError with every fault
 */
export function wholeBody<S extends TSchema>(
  schema: S,
  look: (body: unknown, at: string, faults: FieldFault[]) => void,
): (body: unknown) => Static<S> {
  const read = bodyReader(schema);
  return (body) => {
    const faults: FieldFault[] = [];
    const value = read(body, '', faults);
    look(body, '', faults);
    if (faults.length > 0 || value === undefined) throw invalidBody(faults);
    return value;
  };
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
