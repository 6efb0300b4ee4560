import type { ParsedMoment } from '#contracts';
import { startOfLocalDay, startOfNextLocalDay } from '#local-time';
import type { ConcertQuery } from './query.js';

const HOUR_MS = 3_600_000;
/** Midnight comes first at UTC+14 and last at UTC-12. */
const EARLIEST_MS = -14 * HOUR_MS;
const LATEST_MS = 12 * HOUR_MS;
/** Where the venue is not known, its days are those of UTC. */
const UNKNOWN_ZONE = 'UTC';

/** The range of instants that surely holds the asked range of any zone. `to` is exclusive. */
export function widened({ from, to }: Pick<ConcertQuery, 'from' | 'to'>): { from?: number; to?: number } {
  return {
    ...(from && { from: 'instant' in from ? from.instant : startOfLocalDay(from.localDate, 'UTC') + EARLIEST_MS }),
    ...(to && { to: 'instant' in to ? to.instant : startOfNextLocalDay(to.localDate, 'UTC') + LATEST_MS }),
  };
}

export const hasLocalDate = ({ from, to }: Pick<ConcertQuery, 'from' | 'to'>): boolean => isLocal(from) || isLocal(to);

const isLocal = (moment: ParsedMoment | undefined): boolean => moment !== undefined && 'localDate' in moment;

/** Whether an instant is in the asked range where the clocks show `timeZone`. Zones are worked out once each. */
export function localRangeTest({
  from,
  to,
}: Pick<ConcertQuery, 'from' | 'to'>): (date: number, timeZone: string | undefined) => boolean {
  const ranges = new Map<string, { from: number; to: number }>();
  const rangeIn = (timeZone: string) => {
    const known = ranges.get(timeZone);
    if (known) return known;
    const range = { from: startIn(from, timeZone), to: endIn(to, timeZone) };
    ranges.set(timeZone, range);
    return range;
  };
  return (date, timeZone = UNKNOWN_ZONE) => {
    const range = rangeIn(timeZone);
    return date >= range.from && date < range.to;
  };
}

function startIn(moment: ParsedMoment | undefined, timeZone: string): number {
  if (!moment) return Number.NEGATIVE_INFINITY;
  return 'instant' in moment ? moment.instant : startOfLocalDay(moment.localDate, timeZone);
}

function endIn(moment: ParsedMoment | undefined, timeZone: string): number {
  if (!moment) return Number.POSITIVE_INFINITY;
  return 'instant' in moment ? moment.instant : startOfNextLocalDay(moment.localDate, timeZone);
}
