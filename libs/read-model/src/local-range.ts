import { MIN_EPOCH_MS, type ParsedMoment } from '#contracts';
import { localDate, startOfLocalDay, startOfNextLocalDay } from '#local-time';
import type { ConcertQuery } from './query.js';

type Range = Pick<ConcertQuery, 'from' | 'to'>;

const HOUR_MS = 3_600_000;
/** Midnight comes first at UTC+14 and last at UTC-12. */
const EARLIEST_MS = -14 * HOUR_MS;
const LATEST_MS = 12 * HOUR_MS;
/** Clocks that go back over midnight put a part of a day, two hours at the most, behind the first minute of the next. */
const FALL_BACK_MS = 2 * HOUR_MS;
/** Where the venue is not known, its days are those of UTC. */
export const UNKNOWN_ZONE = 'UTC';

/** Instants; `to` is exclusive. */
interface InstantRange {
  from?: number;
  to?: number;
}

/** The range of instants that surely holds the asked range of any zone. */
export const widened = (range: Range): InstantRange =>
  instantRange(range, {
    startOf: (date) => Math.max(MIN_EPOCH_MS, startOfLocalDay(date, 'UTC') + EARLIEST_MS),
    endOf: (date) => startOfNextLocalDay(date, 'UTC') + LATEST_MS,
  });

/** The range of instants that holds the asked range of these zones, and little more. */
export function narrowed(range: Range, zones: readonly string[]): InstantRange {
  return instantRange(range, {
    startOf: (date) => Math.max(MIN_EPOCH_MS, Math.min(...zones.map((zone) => startOfLocalDay(date, zone)))),
    endOf: (date) => Math.max(...zones.map((zone) => startOfNextLocalDay(date, zone))) + FALL_BACK_MS,
  });
}

interface DayBounds {
  startOf(localDate: string): number;
  endOf(localDate: string): number;
}

const instantRange = ({ from, to }: Range, { startOf, endOf }: DayBounds): InstantRange => ({
  ...(from && { from: 'instant' in from ? from.instant : startOf(from.localDate) }),
  ...(to && { to: 'instant' in to ? to.instant : endOf(to.localDate) }),
});

export const hasLocalDate = ({ from, to }: Range): boolean => localDateOf(from) !== undefined || localDateOf(to) !== undefined;

/**
 * Whether an instant has the asked local dates where the clocks show `timeZone`. The date itself is compared, not
 * instants: where the clocks once went back over midnight, a local day is not one stretch of time.
 */
export function isInLocalRange({ from, to }: Range, date: number, timeZone: string): boolean {
  const day = localDate(date, timeZone);
  const first = localDateOf(from);
  const last = localDateOf(to);
  return (first === undefined || day >= first) && (last === undefined || day <= last);
}

const localDateOf = (moment: ParsedMoment | undefined): string | undefined =>
  moment && 'localDate' in moment ? moment.localDate : undefined;
