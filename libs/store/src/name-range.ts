import { folded } from '#contracts';

/** Sorts after every name that begins as the text before it. */
const AFTER_EVERYTHING = '\u{10ffff}';

/** The folded names that begin like a name: all from the first text, before the second. All names when it is missing. */
export function nameRange(name: string | undefined): [from: string, before: string] {
  const prefix = folded(name ?? '');
  return [prefix, prefix + AFTER_EVERYTHING];
}
