import { randomUUID } from 'node:crypto';
import { Fault } from '#problem';

/** A String of Structured Fields (RFC 9651) without blanks, or the same characters without its quotes. */
const QUOTED = /^"((?:[!#-[\]-~]|\\["\\])+)"$/;
const BARE = /^[!#-~][!-~]*$/;
const MAX_LENGTH = 255;

/**
 * The key of the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), or a new one where there is none.
 * @throws Fault ValidationError
 */
export function readIdempotencyKey(header: string | string[] | undefined): string {
  if (header === undefined) return randomUUID();
  const text = String(header).trim();
  const key = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? BARE.exec(text)?.[0];
  if (key !== undefined && key.length <= MAX_LENGTH) return key;
  const detail = `must be a string in quotes of 1 to ${MAX_LENGTH} visible characters of ASCII`;
  throw new Fault('ValidationError', `the header Idempotency-Key ${detail}`, {
    fields: [{ parameter: 'Idempotency-Key', code: 'malformed', detail }],
  });
}

/** The key as a header says it. */
export const idempotencyKeyHeader = (key: string): string => `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
