import { isUtf8 } from 'node:buffer';

export const NOT_UTF8 = 'holds bytes that are not UTF-8';

/** A parsed value, or the sentence that says why the bytes are none. */
export type Parsed = { value: unknown } | { fault: string; newlinesBefore: number };

/** Reads one JSON value. */
export function parseJson(bytes: Buffer): Parsed {
  if (!isUtf8(bytes)) return { fault: NOT_UTF8, newlinesBefore: 0 };
  const text = bytes.toString();
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return describe(error, text);
  }
}

// The engine's message tells the position within this value, or quotes it: the first is turned into a line of the file,
// the second is cut off, since the place is said beside it.
function describe(error: unknown, text: string): Parsed {
  const message = error instanceof Error ? error.message : String(error);
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? 0);
  return {
    fault: `is no valid JSON: ${message.replace(/(,? in JSON at position|, ["']|, \.\.\.).*$/s, '')}`,
    newlinesBefore: text.slice(0, position).split('\n').length - 1,
  };
}
