/** For looking up and ordering by name: case and accents folded, white space collapsed. */
export const folded = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
