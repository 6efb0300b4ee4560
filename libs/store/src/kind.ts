import type { TObject } from 'typebox';

export interface StoredRecord {
  id: number;
  version: number;
}

/** What one kind of record is, wherever it is stored. Its records hold at least what its values state. */
export interface Kind<R extends V, V> {
  /** That of its service; its table and its collection have the same. */
  name: string;
  record: TObject;
  /** The fields of the record that a value stands for, without id and version. */
  complete(value: V): Record<string, unknown>;
  /** The natural key; none for a kind without. */
  key?(value: V): string;
  /** What a patch is laid over, where that is not the record as it is. */
  patchable?(record: R): R | V;
  /** What no schema can say of the fields that a change comes to. @throws Fault ValidationError */
  assertWhole?(value: V): void;
  /** Whether concerts refer to it, so that its delete has to be announced. */
  isReferredTo: boolean;
}

/** Of all fields with their defaults: only a store writes its records, so that what they make with an id is an R. */
export const recordOf = <R>(id: number, fields: Readonly<Record<string, unknown>>, version: number): R =>
  ({ id, ...fields, version }) as unknown as R;
