import { MAX_ID } from '#contracts';
import { Fault } from '#problem';
import type { Draft, Entity } from './participant.js';

/** The largest id that comes with any of the rows, or 0: new ones must be above it. */
export const largestId = (rows: readonly { id?: number | undefined }[]): number =>
  rows.reduce((max, { id = 0 }) => Math.max(max, id), 0);

/** How many of them need a new id. */
export const countWithoutId = (writes: readonly Draft[]): number => writes.filter(({ id }) => id === undefined).length;

/**
 * Gives new ids to those that lack one. Where none are left, nothing can be made any more: that is refused, while a fence
 * is not needed and left out.
 * @param first of as many consecutive ids as are needed, or nothing when so many are not left
 */
export function giveIds(writes: readonly Draft[], first: number | undefined): Entity[] {
  let next = first;
  return writes.flatMap((write) => {
    if (write.id !== undefined) return [Object.assign(write, { id: write.id })];
    if (next !== undefined) return [Object.assign(write, { id: next++ })];
    if (write.saga.deleted) return [];
    throw new Fault('Conflict', `no ids are left: one with the largest, ${MAX_ID}, is stored`);
  });
}

/** The id of what has been written. */
export function idOf({ id }: Draft): number {
  if (id === undefined) throw new TypeError('a record was not given its id');
  return id;
}
