import Type from 'typebox';
import {
  BandValue,
  ConcertBody,
  ConcertOwn,
  ConcertPatchBody,
  completer,
  EventOfConcert,
  type EventValue,
  type Part,
  Reference,
  VenueValue,
} from '#contracts';
import type { FieldFault } from '#problem';
import { type BodyReader, bodyReader, invalidBody, isObject } from './body.js';
import { addDatesFault } from './event-dates.js';

interface GivenParts {
  band: Part<BandValue> | null;
  venue: Part<VenueValue> | null;
  /** Its dates may be open. */
  event: Part<EventOfConcert> | null;
}

/** What the state machines that create and replace a concert take. */
export interface ConcertInput {
  band: Part<BandValue>;
  venue: Part<VenueValue>;
  event: Part<EventValue> | null;
  /** Its own fields, all of them. */
  concert: object;
}

/** What a patch changes; a part that is null is left as it is. */
export interface GivenPatch extends GivenParts {
  patch: { date?: number; eventId?: null };
}

// A part is one of two things: each is checked by the schema of that which it is, or the faults of both would be told.
const anyParts = { band: Type.Unknown(), venue: Type.Unknown(), event: Type.Optional(Type.Unknown()) };
const closed = { additionalProperties: false };

const readFields = bodyReader(Type.Object({ ...ConcertBody.properties, ...anyParts }, closed));
const readPatch = bodyReader(Type.Partial(Type.Object({ ...ConcertPatchBody.properties, ...anyParts }), closed));
const readReference = bodyReader(Reference);
const readBand = bodyReader(BandValue);
const readVenue = bodyReader(VenueValue);
const readEvent = bodyReader(EventOfConcert);
const complete = completer(ConcertOwn);

/** A whole concert. @throws Fault ValidationError with every fault */
export function readConcert(body: unknown): ConcertInput {
  const faults: FieldFault[] = [];
  const fields = readFields(body, '', faults);
  const { band, venue, event } = readParts(body, faults);
  if (faults.length > 0 || !fields || !band || !venue) throw invalidBody(faults);
  return { band, venue, event: event && withDates(event, fields.date), concert: complete(fields) };
}

/** A merge patch of a concert. @throws Fault ValidationError with every fault */
export function readConcertPatch(body: unknown): GivenPatch {
  const faults: FieldFault[] = [];
  const fields = readPatch(body, '', faults);
  const parts = readParts(body, faults);
  if (faults.length > 0 || !fields) throw invalidBody(faults);
  const { band: _band, venue: _venue, event, ...patch } = fields;
  return { ...parts, patch: event === null ? { ...patch, eventId: null } : patch };
}

/** Whether an event takes a date from its concert. */
export const isUndated = (event: Part<EventOfConcert>): boolean =>
  'row' in event && (event.row.startDate === undefined || event.row.endDate === undefined);

/** The event with the date of its concert where it states none; one that it states it keeps to. */
export function withDates(event: Part<EventOfConcert>, date: number): Part<EventValue> {
  if ('id' in event) return event;
  const { startDate = Math.min(date, event.row.endDate ?? date), endDate = Math.max(date, startDate) } = event.row;
  return { row: { ...event.row, startDate, endDate } };
}

function readParts(body: unknown, faults: FieldFault[]): GivenParts {
  const { band, venue, event, date } = isObject(body) ? body : {};
  if (isObject(event)) addDatesFault({ startDate: date, endDate: date, ...event }, '/event', faults);
  return {
    band: band === undefined ? null : readPart(band, '/band', readBand, faults),
    venue: venue === undefined ? null : readPart(venue, '/venue', readVenue, faults),
    event: event === undefined || event === null ? null : readPart(event, '/event', readEvent, faults),
  };
}

/** By id, or by value; an id of null is none. @returns nothing when there is a fault */
function readPart<Value>(part: unknown, at: string, readValue: BodyReader<Value>, faults: FieldFault[]): Part<Value> | null {
  const { id = null, ...value } = isObject(part) ? part : {};
  if (id === null) {
    const row = readValue(isObject(part) ? value : part, at, faults);
    return row === undefined ? null : { row };
  }
  if (Object.keys(value).length > 0) {
    faults.push({ parameter: at, code: 'id-and-value', detail: 'is given both by its id and by value: it takes one of them' });
    return null;
  }
  return readReference(part, at, faults) ?? null;
}
