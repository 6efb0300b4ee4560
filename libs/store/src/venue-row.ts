import { completer, Venue, type VenueRow } from '#contracts';
import { timeZoneOf } from '#local-time';

const complete = completer(Venue);

/** The fields of the venue that a row stands for: its time zone comes from its position when the row names none. */
export const completeVenue = (row: VenueRow): Record<string, unknown> =>
  complete({ ...row, timeZone: row.timeZone ?? timeZoneOf(row) });
