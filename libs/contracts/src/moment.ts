import { MAX_EPOCH_MS, MIN_EPOCH_MS } from './scalars.js';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,3})?)((?<=\.\d{3})\d{1,6})?([Zz]|[+-]\d{2}:\d{2})$/;

/** A moment as parameters give it: an instant (RFC 3339), or a date without a zone. */
export type ParsedMoment = { instant: number } | { localDate: string };

/** Reads an RFC 3339 instant or date of the years 1 to 9999; undefined when the text is neither. */
export function parseMoment(text: string): ParsedMoment | undefined {
  if (DATE.test(text)) return isDate(text) ? { localDate: text } : undefined;
  const [, date, time, finer = '', zone] = INSTANT.exec(text) ?? [];
  if (!date || !time || !zone || !isDate(date)) return undefined;
  // Concerts are dated in whole milliseconds, so "not before" and "before" a part of one are those of the next.
  const instant = Date.parse(`${date}T${time}${zone.toUpperCase()}`) + (/[1-9]/.test(finer) ? 1 : 0);
  return instant >= MIN_EPOCH_MS && instant <= MAX_EPOCH_MS ? { instant } : undefined;
}

// Date.parse takes the 31st of a short month for the 1st of the next.
function isDate(text: string): boolean {
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.getTime() >= MIN_EPOCH_MS && parsed.toISOString().startsWith(text);
}
