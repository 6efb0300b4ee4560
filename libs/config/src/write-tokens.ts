import type { Reader } from './variables.js';

/** Who may write: the secret is sent, the name is what the caller is known by. */
export interface WriteToken {
  name: string;
  secret: string;
}

/** Of the alphabet that a bearer token has (RFC 6750), or it could not be sent. */
const ENTRY = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9._~+/-]{16,}=*)$/;
const ALLOWED =
  'name:secret, separated by commas, with names of 1 to 64 letters, digits, dots, hyphens and underscores, and secrets of ' +
  '16 or more letters, digits and -._~+/; the same name may have several, the same secret only one name';

/** No token for an empty text. What is wrong with an entry is told by its position alone. */
export const writeTokens: Reader<WriteToken[]> = (value) => {
  if (value === '') return [];
  const tokens: WriteToken[] = [];
  for (const [index, entry] of value.split(',').entries()) {
    const [, name, secret] = ENTRY.exec(entry.trim()) ?? [];
    const isTaken = tokens.some((token) => token.secret === secret && token.name !== name);
    if (name === undefined || secret === undefined || isTaken) throw new Error(`${ALLOWED}; entry ${index + 1} is not so`);
    tokens.push({ name, secret });
  }
  return tokens;
};
