import type { ParsedMoment } from '#contracts';
import { localDate, startOfLocalDay, startOfNextLocalDay } from '#local-time';
import type { ConcertQuery } from './query.js';

type Range = Pick<ConcertQuery, 'from' | 'to'>;

const HOUR_MS = 3_600_000;
/** Midnight comes first at UTC+14 and last at UTC-12. */
const EARLIEST_MS = -14 * HOUR_MS;
const LATEST_MS = 12 * HOUR_MS;
/** Where the venue is not known, its days are those of UTC. */
const UNKNOWN_ZONE = 'UTC';

/** The range of instants that surely holds the asked range of any zone. `to` is exclusive. */
export function widened({ from, to }: Range): { from?: number; to?: number } {
  return {
    ...(from && { from: 'instant' in from ? from.instant : startOfLocalDay(from.localDate, 'UTC') + EARLIEST_MS }),
    ...(to && { to: 'instant' in to ? to.instant : startOfNextLocalDay(to.localDate, 'UTC') + LATEST_MS }),
  };
}

export const hasLocalDate = ({ from, to }: Range): boolean => localDateOf(from) !== undefined || localDateOf(to) !== undefined;

/**
 * Whether an instant has the asked local dates where the clocks show `timeZone`. The date itself is compared, not
 * instants: where the clocks once went back over midnight, a local day is not one stretch of time.
 */
export function isInLocalRange({ from, to }: Range, date: number, timeZone = UNKNOWN_ZONE): boolean {
  const day = localDate(date, timeZone);
  const first = localDateOf(from);
  const last = localDateOf(to);
  return (first === undefined || day >= first) && (last === undefined || day <= last);
}

const localDateOf = (moment: ParsedMoment | undefined): string | undefined =>
  moment && 'localDate' in moment ? moment.localDate : undefined;
