import { MAX_ID, MAX_VERSION } from './scalars.js';

/** A version of a record that was written. */
export interface WrittenVersion {
  kind: (typeof kinds)[number];
  id: number;
  version: number;
}

const kinds = ['concert', 'band', 'venue', 'event'] as const;

/** Versions that one token names: a write makes four at most, and a reader may have made several writes. */
const MAX_VERSIONS = 16;

/** What a token looks like, for who sent another text. */
export const CHANGE_TOKEN_FORM = `1 to ${MAX_VERSIONS} of concert:id@version, or of band, venue or event, separated by commas`;

const ENTRY = /^\s*(\w+):([1-9]\d{0,9})@([1-9]\d{0,7})\s*$/;

/** The header `Change-Token`, by which a write says what it wrote; a read names it in `After-Change`. */
export const toChangeToken = (written: readonly WrittenVersion[]): string =>
  written.map(({ kind, id, version }) => `${kind}:${id}@${version}`).join(',');

/** What a token names, of each record the highest version alone; nothing when the text is none. */
export function parseChangeToken(token: string): WrittenVersion[] | undefined {
  const entries = token.split(',', MAX_VERSIONS + 1);
  const written = entries.flatMap((entry) => parseEntry(entry) ?? []);
  if (written.length < entries.length || entries.length > MAX_VERSIONS) return undefined;
  const highest = new Map<string, WrittenVersion>();
  for (const one of written) {
    const record = `${one.kind}:${one.id}`;
    if (one.version > (highest.get(record)?.version ?? 0)) highest.set(record, one);
  }
  return [...highest.values()];
}

function parseEntry(entry: string): WrittenVersion | undefined {
  const [, name, id, version] = ENTRY.exec(entry) ?? [];
  const kind = kinds.find((one) => one === name);
  const written = kind && { kind, id: Number(id), version: Number(version) };
  return written && written.id <= MAX_ID && written.version <= MAX_VERSION ? written : undefined;
}
