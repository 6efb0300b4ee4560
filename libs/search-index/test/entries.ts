import type { Band, Concert, Event, Venue } from '#contracts';
import type { Checkpoint } from '../src/checkpoint.js';
import type { LiveEntry, TombstoneEntry, Versions } from '../src/concert-index.js';

/** When the tests take place. */
export const NOW = 1_800_000_000_000;

const band = (version: number): Band => ({
  id: 3,
  name: 'The Näïve "Quotes" 🎸',
  genres: ['post-rock'],
  aliases: [],
  externalIds: [{ system: 'musicbrainz', id: 'a\\b' }],
  version,
});

const venue = (version: number): Venue => ({
  id: 4,
  name: 'Halle',
  latitude: 52.5,
  longitude: 13.4,
  city: 'Berlin',
  region: null,
  country: 'DE',
  timeZone: 'Europe/Berlin',
  externalIds: [],
  version,
});

const event = (version: number): Event => ({
  id: 5,
  name: 'Tour',
  kind: 'tour',
  startDate: NOW,
  endDate: NOW,
  url: null,
  externalIds: [],
  version,
});

const concertOf = (id: number, version: number): Concert => ({
  id,
  bandId: 3,
  venueId: 4,
  date: NOW - id,
  eventId: 5,
  status: 'scheduled',
  role: 'headliner',
  billingIndex: 0,
  url: null,
  externalIds: [],
  version,
});

/** Of a concert with all its parts. */
export function liveEntry(id: number, { concert = 1, band: bandVersion = 1, ...parts }: Partial<Versions> = {}): LiveEntry {
  const versions = { concert, band: bandVersion, venue: 1, event: 1, ...parts };
  return {
    id,
    versions,
    concert: concertOf(id, versions.concert),
    band: band(versions.band),
    venue: venue(versions.venue),
    event: event(versions.event),
  };
}

export const tombstone = (id: number, concert: number, deletedAt = NOW): TombstoneEntry => ({
  id,
  versions: { concert, band: 1, venue: 1, event: 1 },
  deletedAt,
});

export function checkpointOf(run: string): Checkpoint {
  const feed = { cursor: `cursor of ${run}`, storeId: 'a store', takenAt: NOW, endReadAt: 0 };
  return {
    leader: { name: 'an indexer', run },
    feeds: { bands: feed, venues: feed, events: feed, concerts: feed },
    jobs: [{ service: 'bands', id: 3, version: 2, after: { date: -NOW, id: 9 }, endReadAt: NOW }],
    filling: { afterId: 7 },
    putAside: [13],
  };
}
