import { hash } from 'node:crypto';

/** Characters of a list's ETag: 132 bits of the hash of its body. */
const ETAG_LENGTH = 22;

export const versionETag = ({ version }: { version: number }): string => `"${version}"`;

/** The ETag of a list: a hash of the body and the media type. Weak, since a list may be compressed on the way. */
export const listETag = (body: Buffer, mediaType: string): string =>
  `W/"${hash('sha256', `${mediaType}\n${hash('sha256', body)}`, 'base64url').slice(0, ETAG_LENGTH)}"`;

/** Whether `If-None-Match` names this ETag; compared weakly, as RFC 9110 wants it for GET. */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === opaque);
}
