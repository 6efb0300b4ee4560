import type { FastifyRequest } from 'fastify';
import { MAX_ID, MAX_VERSION } from '#contracts';
import { Fault } from '#problem';

/** One ETag, strong or weak (RFC 9110). */
const ETAG = /(?:W\/)?"[!#-~\x80-\xff]*"/g;
/** A list of them, each written as a dot. */
const ETAG_LIST = /^\.(?:\s*,\s*\.)*$/;
const RECORD_ETAG = /^"([1-9]\d{0,7})"$/;
/** Of a joined concert the four versions; the first is that of the concert itself. */
const CONCERT_ETAG = /^"([1-9]\d{0,7})(?:\.\d{1,8}){3}"$/;

/**
 * What a request changes, and which version of it.
 * @throws Fault NotFound for an id that nothing can have, PreconditionRequired, PreconditionFailed or ValidationError
 */
export function readChange(
  kind: string,
  id: number,
  { headers }: FastifyRequest,
): { id: number; expectedVersion: number | null } {
  const expectedVersion = readExpectedVersion(headers['if-match'], kind === 'concert' ? CONCERT_ETAG : RECORD_ETAG);
  if (id < 1 || id > MAX_ID) throw new Fault('NotFound', `there is no ${kind} ${id}`);
  return { id, expectedVersion };
}

/**
 * The version that the header `If-Match` expects; null for `*`, which any will do for.
 * @throws Fault PreconditionRequired without one, PreconditionFailed when no ETag in it can be that of an entity of ours
 */
function readExpectedVersion(header: string | undefined, ownETag: RegExp): number | null {
  const text = header?.trim() ?? '';
  if (text === '') {
    throw new Fault('PreconditionRequired', 'the header If-Match must say which version is to be changed: its ETag, or *');
  }
  if (text === '*') return null;
  const etags = text.match(ETAG) ?? [];
  if (!ETAG_LIST.test(text.replaceAll(ETAG, '.'))) throw malformed('must be * or ETags in quotes, separated by commas');
  const versions = new Set(etags.map((etag) => Number(ownETag.exec(etag)?.[1])).filter((version) => version <= MAX_VERSION));
  if (versions.size > 1) throw malformed('names several versions; a change is made to one of them');
  const [version] = versions;
  if (version === undefined) throw new Fault('PreconditionFailed', `${text} is not the ETag of a version that there was here`);
  return version;
}

function malformed(detail: string): Fault {
  return new Fault('ValidationError', `the header If-Match ${detail}`, {
    fields: [{ parameter: 'If-Match', code: 'malformed', detail }],
  });
}
