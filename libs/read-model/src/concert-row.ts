import type { ConcertDetail, ConcertListRow } from '#contracts';
import { localDate } from '#local-time';
import type { JoinedConcert } from './query.js';

/** A joined concert as a row of a list. Nulls stand for what is not known. */
export function concertRow({ concert, band, venue, event, distanceKm }: JoinedConcert): ConcertListRow {
  return {
    band: band?.name ?? null,
    location: venue?.name ?? null,
    date: concert.date,
    latitude: venue?.latitude ?? null,
    longitude: venue?.longitude ?? null,
    id: concert.id,
    bandId: concert.bandId,
    venueId: concert.venueId,
    eventId: concert.eventId,
    event: event?.name ?? null,
    city: venue?.city ?? null,
    country: venue?.country ?? null,
    timeZone: venue?.timeZone ?? null,
    localDate: venue && localDate(concert.date, venue.timeZone),
    status: concert.status,
    role: concert.role,
    ...(distanceKm !== undefined && { distance: distanceKm }),
  };
}

export function concertDetail(joined: JoinedConcert): ConcertDetail {
  const { billingIndex, url, externalIds, version } = joined.concert;
  return { ...concertRow(joined), billingIndex, url, externalIds, version };
}

/** The ETag of a joined concert: the versions of the concert, its band, its venue and its event, 0 for none. */
export const concertETag = ({ concert, band, venue, event }: JoinedConcert): string =>
  `"${concert.version}.${band?.version ?? 0}.${venue?.version ?? 0}.${event?.version ?? 0}"`;
