import type { BandRow, ConcertRow, VenueRow } from '#contracts';

/** NFKC, lower case, white space collapsed, and nothing else removed: "!!!" and "†††" are two bands. */
const normalised = (name: string): string => name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

const KEY_DECIMALS = 4;
// -0.00001 and 0.00001 are one position to four decimals, so there must be no "-0.0000".
const keyDegrees = (degrees: number): string =>
  (Math.round(degrees * 10 ** KEY_DECIMALS) / 10 ** KEY_DECIMALS + 0).toFixed(KEY_DECIMALS);

/** The natural keys: what a row without an id is found by. The first record to have one keeps it. */
export const bandKey = ({ name }: Pick<BandRow, 'name'>): string => normalised(name);
export const venueKey = ({ name, latitude, longitude }: Pick<VenueRow, 'name' | 'latitude' | 'longitude'>): string =>
  `${normalised(name)}|${keyDegrees(latitude)}|${keyDegrees(longitude)}`;
export const concertKey = ({ bandId, venueId, date }: Pick<ConcertRow, 'bandId' | 'venueId' | 'date'>): string =>
  `${bandId}|${venueId}|${date}`;
