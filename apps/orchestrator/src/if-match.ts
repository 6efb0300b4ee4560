import type { FastifyRequest } from 'fastify';
import { MAX_ID, MAX_VERSION } from '#contracts';
import { Fault } from '#problem';

/** One ETag, strong or weak (RFC 9110). */
const ETAG = /(?:W\/)?"[!#-~\x80-\xff]*"/g;
/** A list of them, each written as a dot. */
const ETAG_LIST = /^\.(?:\s*,\s*\.)*$/;
const recordETag = { pattern: /^"([1-9]\d{0,7})"$/, example: '"1"' };
/** Of a joined concert the four versions; the first is that of the concert itself. */
const concertETag = { pattern: /^"([1-9]\d{0,7})(?:\.\d{1,8}){3}"$/, example: '"1.1.1.0"' };

/** How the right ETag is come by. */
export const ETAG_HINT = 'a GET of it at the gateway answers its ETag';

/**
 * What a request changes, and which version of it.
 * @throws Fault NotFound for an id that nothing can have, PreconditionRequired, PreconditionFailed or ValidationError
 */
export function readChange(
  kind: string,
  id: number,
  { headers }: FastifyRequest,
): { id: number; expectedVersion: number | null } {
  const expectedVersion = readExpectedVersion(headers['if-match'], kind);
  if (id < 1 || id > MAX_ID) throw new Fault('NotFound', `there is no ${kind} ${id}`);
  return { id, expectedVersion };
}

/**
 * The version that the header `If-Match` expects; null for `*`, which any will do for.
 * @throws Fault PreconditionRequired without one, PreconditionFailed when no ETag in it can be that of an entity of ours
 */
function readExpectedVersion(header: string | undefined, kind: string): number | null {
  const text = header?.trim() ?? '';
  if (text === '') {
    throw new Fault('PreconditionRequired', 'the header If-Match must say which version is to be changed: its ETag, or *');
  }
  if (text === '*') return null;
  const etags = text.match(ETAG) ?? [];
  if (!ETAG_LIST.test(text.replaceAll(ETAG, '.'))) throw malformed('must be * or ETags in quotes, separated by commas');
  const own = kind === 'concert' ? concertETag : recordETag;
  const versions = new Set(etags.map((etag) => Number(own.pattern.exec(etag)?.[1])).filter((version) => version <= MAX_VERSION));
  if (versions.size > 1) throw malformed('names several versions; a change is made to one of them');
  const [version] = versions;
  if (version !== undefined) return version;
  throw new Fault('PreconditionFailed', `${text} is no ETag that ${kind}s have, such as ${own.example}; ${ETAG_HINT}`);
}

function malformed(detail: string): Fault {
  return new Fault('ValidationError', `the header If-Match ${detail}`, {
    fields: [{ parameter: 'If-Match', code: 'malformed', detail }],
  });
}
