import {
  Band,
  type BandValue,
  Concert,
  type ConcertValue,
  completer,
  Event,
  type EventValue,
  Venue,
  type VenueValue,
} from '#contracts';
import { timeZoneOf } from '#local-time';
import { Fault } from '#problem';
import { bandKey, concertKey, venueKey } from './keys.js';
import type { Kind } from './kind.js';

export const bandKind: Kind<Band, BandValue> = {
  name: 'bands',
  record: Band,
  complete: completer(Band),
  key: bandKey,
  isReferredTo: true,
};

const completeVenue = completer(Venue);

export const venueKind: Kind<Venue, VenueValue> = {
  name: 'venues',
  record: Venue,
  /** Its time zone comes from its position when none is named. */
  complete: (venue) => completeVenue({ ...venue, timeZone: venue.timeZone ?? timeZoneOf(venue) }),
  key: venueKey,
  /** A time zone that came from the position goes with it. */
  patchable: (venue) => (venue.timeZone === timeZoneOf(venue) ? { ...venue, timeZone: null } : venue),
  isReferredTo: true,
};

export const eventKind: Kind<Event, EventValue> = {
  name: 'events',
  record: Event,
  complete: completer(Event),
  /** A patch of one date meets the other one only here. */
  assertWhole: ({ startDate, endDate }) => {
    if (endDate >= startDate) return;
    const detail = `must be >= startDate, ${startDate}, not ${endDate}`;
    throw new Fault('ValidationError', `/endDate ${detail}`, { fields: [{ parameter: '/endDate', code: 'minimum', detail }] });
  },
  isReferredTo: true,
};

export const concertKind: Kind<Concert, ConcertValue> = {
  name: 'concerts',
  record: Concert,
  complete: completer(Concert),
  key: concertKey,
  isReferredTo: false,
};
