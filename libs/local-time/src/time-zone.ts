import lookUpTimeZone from '@photostructure/tz-lookup';

/**
 * The IANA time zone at a position in degrees; at sea the nautical one (`Etc/GMT+5`).
 * Near a border it may be the neighbour's: the map is compressed.
 *
 * @throws RangeError if the position is not on the earth
 */
export const timeZoneOf = ({ latitude, longitude }: { latitude: number; longitude: number }): string =>
  lookUpTimeZone(latitude, longitude);

/** Whether this runtime knows the IANA name, spelt as in the database. An offset such as `+02:00` is no name. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Z]/.test(name) && new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}
