/** RFC 3339 with the upper case letters that the States Language asks for. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** A timestamp of the States Language in epoch milliseconds; undefined when it is none. */
export function parseTimestamp(text: string): number | undefined {
  const date = TIMESTAMP.exec(text)?.[1];
  if (date === undefined || !isDate(date)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** JavaScript takes the 30th of February for the 1st of March. */
function isDate(date: string): boolean {
  const at = Date.parse(date);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}
