import type { ConcertStatus } from '#contracts';
import type { Checkpoint } from './checkpoint.js';
import { type IndexEntry, isTombstone, type LiveEntry, type Versions } from './concert-index.js';

/** The `_id` of the checkpoint; the other documents are named by the id of their concert. */
export const CHECKPOINT_DOCUMENT_ID = 'checkpoint';

/** The versions as the fields of a document that search reads without its source. */
interface VersionFields {
  concertVersion: number;
  bandVersion: number;
  venueVersion: number;
  eventVersion: number;
}

/** A concert as it is read: all that a query looks at, and what is answered with. */
export interface LiveDocument extends VersionFields {
  live: true;
  id: number;
  /** Epoch milliseconds. */
  date: number;
  bandId: number;
  venueId: number;
  /** Left out where the concert has none. */
  eventId?: number;
  status: ConcertStatus;
  /** Left out where the venue is not known. */
  location?: { lat: number; lon: number };
  parts: Pick<LiveEntry, 'concert' | 'band' | 'venue' | 'event'>;
}

export interface TombstoneDocument extends VersionFields {
  id: number;
  /** Epoch milliseconds. */
  deletedAt: number;
}

export interface CheckpointDocument {
  checkpoint: Checkpoint;
}

export const toDocument = (entry: IndexEntry): LiveDocument | TombstoneDocument =>
  isTombstone(entry) ? { id: entry.id, ...toVersionFields(entry.versions), deletedAt: entry.deletedAt } : toLiveDocument(entry);

function toLiveDocument({ id, versions, concert, band, venue, event }: LiveEntry): LiveDocument {
  return {
    live: true,
    id,
    date: concert.date,
    bandId: concert.bandId,
    venueId: concert.venueId,
    ...(concert.eventId !== null && { eventId: concert.eventId }),
    status: concert.status,
    ...(venue && { location: { lat: venue.latitude, lon: venue.longitude } }),
    ...toVersionFields(versions),
    parts: { concert, band, venue, event },
  };
}

const toVersionFields = ({ concert, band, venue, event }: Versions): VersionFields => ({
  concertVersion: concert,
  bandVersion: band,
  venueVersion: venue,
  eventVersion: event,
});
