import type { Static, TObject } from 'typebox';
import type { ServiceName } from '#config';
import { Band, Concert, completer, concertStatuses, Event, folded, MIN_EPOCH_MS, makeAjv, schemaFaults, Venue } from '#contracts';

// What a store keeps beside a record, worked out once more from what is written about it, and not by the code that writes
// it: a mistake of that code would otherwise be found right. Only what the contracts say of records is taken from there.

type Values = Readonly<Record<string, unknown>>;

/** What stands beside a record for the indexes: columns in SQLite, fields in MongoDB. */
export type Form = 'columns' | 'fields';

/** How one kind of record lies in its store. */
export interface Layout {
  /** The fields of a stored document, with defaults for those that were added since. */
  completed(document: object): Values;
  /** What is wrong with a record, a sentence each; or else what must stand beside it. */
  read(record: object, form: Form): { faults: string[] } | { faults?: never; beside: Values };
}

/** What a concert refers to, by its fields. */
export const references = [
  ['bandId', 'bands'],
  ['venueId', 'venues'],
  ['eventId', 'events'],
] as const;

const normalised = (name: string): string => name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

/** Four decimals; there is no -0.0000. */
const fourDecimals = (degrees: number): string => (Math.round(degrees * 1e4) / 1e4 || 0).toFixed(4);

const bandKey = ({ name }: Band): string => normalised(name);
const venueKey = ({ name, latitude, longitude }: Venue): string =>
  `${normalised(name)}|${fourDecimals(latitude)}|${fourDecimals(longitude)}`;
const concertKey = ({ bandId, venueId, date }: Concert): string => `${bandId}|${venueId}|${date}`;

/** Twelve bytes that sort by date, then id: eight of the milliseconds since the year 1, four of the id. */
function placeOf({ date, id }: Concert): Uint8Array {
  const place = new DataView(new ArrayBuffer(12));
  place.setBigUint64(0, BigInt(date - MIN_EPOCH_MS));
  place.setUint32(8, id);
  return new Uint8Array(place.buffer);
}

const isMoved = (status: Concert['status']): boolean => status === 'rescheduled' || status === 'postponed';

function layout<S extends TObject>(schema: S, beside: Record<Form, (record: Static<S>) => Values>): Layout {
  const isRecord = makeAjv({ allErrors: true, verbose: true }).compile<Static<S>>(schema);
  return {
    completed: completer(schema),
    read: (record, form) => {
      if (isRecord(record)) return { beside: beside[form](record) };
      return { faults: schemaFaults(isRecord.errors).map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`) };
    },
  };
}

export const layouts: Record<ServiceName, Layout> = {
  bands: layout(Band, {
    columns: (band) => ({ key: bandKey(band), folded: folded(band.name) }),
    fields: (band) => ({ key: bandKey(band), folded: folded(band.name) }),
  }),
  venues: layout(Venue, {
    columns: (venue) => ({
      key: venueKey(venue),
      folded: folded(venue.name),
      latitude: venue.latitude,
      longitude: venue.longitude,
      isInBox: 1,
    }),
    fields: (venue) => ({
      key: venueKey(venue),
      folded: folded(venue.name),
      position: { type: 'Point', coordinates: [venue.longitude, venue.latitude] },
    }),
  }),
  events: layout(Event, {
    columns: ({ name }) => ({ folded: folded(name) }),
    fields: ({ name }) => ({ folded: folded(name) }),
  }),
  concerts: layout(Concert, {
    columns: ({ bandId, venueId, eventId, date, status }) => ({
      band_id: bandId,
      venue_id: venueId,
      event_id: eventId,
      date,
      status: concertStatuses.indexOf(status),
      cancelled: status === 'cancelled' ? 1 : 0,
    }),
    fields: (concert) => ({
      key: concertKey(concert),
      place: placeOf(concert),
      cancelled: concert.status === 'cancelled',
      moved: isMoved(concert.status) ? concert.status : null,
      eventOf: concert.eventId,
    }),
  }),
};
