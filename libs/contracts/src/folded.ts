/**
 * Folding may lengthen a name eighteenfold. What is kept orders names and finds them by their beginnings, and must fit
 * into a cursor: names that differ only behind it are ordered by their ids.
 */
export const MAX_FOLDED_LENGTH = 300;

/** For looking up and ordering by name: case and accents folded, white space collapsed. */
export const folded = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_FOLDED_LENGTH)
    .toWellFormed();
