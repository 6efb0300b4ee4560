/** A time during which a zone's clocks do not change. */
interface ConstantOffset {
  fromMs: number;
  untilMs: number;
  offsetMs: number;
}

/** The IANA database has about 600 names, so this bounds memory only if names ever came from outside. */
const MAX_ZONES = 1_000;

/** 32 years of two clock changes, more than the concerts of an answer span. */
const MAX_OFFSETS_PER_ZONE = 64;

/** 54 years of days. */
const MAX_DATE_TEXTS = 20_000;

const DAY_MS = 86_400_000;

const offsetsByZone = new Map<string, ConstantOffset[]>();
const dateTexts = new Map<number, string>();

/**
 * The calendar date `YYYY-MM-DD` of an instant in a zone, for the years 1 to 9999.
 * Fast enough to ask for each row of an answer: Temporal is asked once for each clock change, then it is arithmetic.
 *
 * @throws RangeError if the zone is unknown
 */
export function localDate(epochMs: number, timeZone: string): string {
  return dateText(Math.floor((epochMs + offsetAt(epochMs, timeZone)) / DAY_MS));
}

/**
 * The first instant (epoch ms) of a local date. It is not always midnight, which a clock change may skip, and a date may be
 * skipped as a whole (Pacific/Apia, 2011-12-30): then it is the start of the next.
 *
 * Where clocks once fell back over midnight (America/St_Johns until 2011, at 00:01), up to an hour of a date lies after the first
 * minute of the next. Who must be exact there compares `localDate`, and uses this to narrow.
 *
 * @param date `YYYY-MM-DD`
 * @throws RangeError if the date is not in the calendar, or the zone is unknown
 */
export const startOfLocalDay = (date: string, timeZone: string): number => firstInstant(Temporal.PlainDate.from(date), timeZone);

/** The first instant (epoch ms) of the date after this one: the exclusive end of a range up to and with `date`. Otherwise as `startOfLocalDay`. */
export const startOfNextLocalDay = (date: string, timeZone: string): number =>
  firstInstant(Temporal.PlainDate.from(date).add({ days: 1 }), timeZone);

const firstInstant = (date: Temporal.PlainDate, timeZone: string): number => date.toZonedDateTime(timeZone).epochMilliseconds;

function offsetAt(epochMs: number, timeZone: string): number {
  const offsets = offsetsOf(timeZone);
  const known = offsets.find(({ fromMs, untilMs }) => fromMs <= epochMs && epochMs < untilMs);
  if (known) return known.offsetMs;

  const found = constantOffsetAround(epochMs, timeZone);
  if (offsets.length === MAX_OFFSETS_PER_ZONE) offsets.length = 0;
  offsets.push(found);
  return found.offsetMs;
}

function offsetsOf(timeZone: string): ConstantOffset[] {
  const known = offsetsByZone.get(timeZone);
  if (known) return known;
  if (offsetsByZone.size === MAX_ZONES) offsetsByZone.clear();
  const none: ConstantOffset[] = [];
  offsetsByZone.set(timeZone, none);
  return none;
}

function constantOffsetAround(epochMs: number, timeZone: string): ConstantOffset {
  const now = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone);
  // "Previous" is strictly before, and a change at this very instant has already happened.
  const previous = now.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  const next = now.getTimeZoneTransition('next');
  return {
    fromMs: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    untilMs: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: now.offsetNanoseconds / 1e6,
  };
}

/** `YYYY-MM-DD` of a day counted from 1970-01-01. */
function dateText(day: number): string {
  const known = dateTexts.get(day);
  if (known !== undefined) return known;
  if (dateTexts.size === MAX_DATE_TEXTS) dateTexts.clear();
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  dateTexts.set(day, text);
  return text;
}
