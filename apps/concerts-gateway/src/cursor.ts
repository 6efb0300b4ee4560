import { hash } from 'node:crypto';
import { type DateKey, type DistanceKey, MAX_EPOCH_MS, MAX_ID, MIN_EPOCH_MS } from '#contracts';
import type { FieldFault } from '#problem';

/** A place in the order by folded name, then id. */
interface NameKey {
  name: string;
  id: number;
}

/** Characters of the hash that ties a cursor to its query: it finds mix-ups, and there is nothing to gain by forging it. */
const HASH_LENGTH = 12;

/** What a page's end is named by: the sort key, and a hash of the query, so that it continues no other. */
export const encodeCursor = (query: unknown, key: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify([hashOf(query), ...key])).toString('base64url');

/** Reads the sort key out of a cursor's parts; undefined when it is none. */
export type KeyReader<K> = (parts: unknown[]) => K | undefined;

/** The key that a cursor holds, none when there is no cursor. A wrong one is added to the faults. */
export function decodeCursor<K>(
  cursor: string | undefined,
  query: unknown,
  readKey: KeyReader<K>,
  faults: FieldFault[],
): K | undefined {
  if (cursor === undefined) return undefined;
  const parts = parsed(cursor);
  const key = Array.isArray(parts) ? readKey(parts.slice(1)) : undefined;
  if (!Array.isArray(parts) || key === undefined) {
    faults.push({
      parameter: 'cursor',
      code: 'malformed',
      detail: 'is not a cursor; take it as it stands in the next link of a page',
    });
    return undefined;
  }
  if (parts[0] !== hashOf(query)) {
    faults.push({
      parameter: 'cursor',
      code: 'other-query',
      detail: 'belongs to another query; only limit and fields may change between pages',
    });
  }
  return key;
}

export const readDateKey: KeyReader<DateKey> = ([date, id]) =>
  isInteger(date, MIN_EPOCH_MS, MAX_EPOCH_MS) && isId(id) ? { date, id } : undefined;

export const readNameKey: KeyReader<NameKey> = ([name, id]) => (typeof name === 'string' && isId(id) ? { name, id } : undefined);

export const readDistanceKey: KeyReader<DistanceKey> = ([distanceKm, id]) =>
  typeof distanceKm === 'number' && distanceKm >= 0 && isId(id) ? { distanceKm, id } : undefined;

const isInteger = (value: unknown, minimum: number, maximum: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;

const isId = (value: unknown): value is number => isInteger(value, 1, MAX_ID);

const hashOf = (query: unknown): string => hash('sha256', JSON.stringify(query), 'base64url').slice(0, HASH_LENGTH);

function parsed(cursor: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
