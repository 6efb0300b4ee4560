import type { TObject } from 'typebox';
import { makeAjv, schemaFaults } from '#contracts';

/** Every fault of a value, a sentence each; none when the value is a row of the schema. */
export type RowCheck = (value: unknown) => string[];

/** A check of rows against the schema that the service itself goes by. */
export function rowCheck(schema: TObject): RowCheck {
  const isRow = makeAjv({ allErrors: true, verbose: true }).compile(schema);
  return (value) => {
    if (isRow(value)) return [];
    return schemaFaults(isRow.errors).map(({ pointer, detail }) => `${pointer.slice(1) || 'the row'} ${detail}`);
  };
}
