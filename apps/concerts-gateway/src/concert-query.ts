import { type Circle, type ConcertSearch, type DateKey, MAX_PAGE_SIZE, parseMoment } from '#contracts';
import { assertFaultless, type Clean } from '#http';
import type { FieldFault } from '#problem';
import type { ConcertQuery } from '#read-model';
import { decodeCursor, encodeCursor, readDateKey } from './cursor.js';

/** A search as the read models take it, and how to name the end of one of its pages. */
export interface ReadConcertQuery {
  query: ConcertQuery;
  fields: readonly string[] | undefined;
  cursorAt(key: DateKey): string;
}

type Place = Pick<ConcertSearch, 'latitude' | 'longitude' | 'radius'>;

/** Makes a query of cleaned parameters. @throws Fault ValidationError with every fault */
export function readConcertQuery({ value, faults }: Clean<ConcertSearch>): ReadConcertQuery {
  const all = [...faults];
  const circle = readCircle(value, all);
  const from = value.from === undefined ? undefined : parseMoment(value.from);
  const to = value.to === undefined ? undefined : parseMoment(value.to);
  const { bandIds, venueIds, eventIds, status, sort = '-date', limit = MAX_PAGE_SIZE } = value;
  // All that decides which concerts match and in which order; what may change between pages is not in it.
  const filter = { bandIds, venueIds, eventIds, circle, from, to, status, sort };
  const after = decodeCursor(value.cursor, filter, readDateKey, all);
  if (all.length === 0 && ![bandIds, venueIds, eventIds, circle, from, to].some((condition) => condition !== undefined)) {
    all.push({
      parameter: '',
      code: 'no-filter',
      detail: 'the search has no filter: give bandIds, venueIds, eventIds, from, to, or latitude, longitude and radius together',
    });
  }
  assertFaultless(all);
  return {
    query: { ...filter, limit, ...(after && { after }) },
    fields: value.fields,
    cursorAt: ({ date, id }) => encodeCursor(filter, [date, id]),
  };
}

/** The circle that was asked for. A part of it alone is a fault, and so is a place that looks swapped. */
export function readCircle({ latitude, longitude, radius }: Place, faults: FieldFault[]): Circle | undefined {
  if (latitude !== undefined && longitude !== undefined && radius !== undefined) return { latitude, longitude, radiusKm: radius };
  hintAtSwap(faults, longitude);
  const given = { latitude, longitude, radius };
  if (Object.values(given).every((one) => one === undefined) && !faults.some(({ parameter }) => Object.hasOwn(given, parameter)))
    return undefined;
  for (const [parameter, one] of Object.entries(given)) {
    if (one !== undefined || faults.some((fault) => fault.parameter === parameter)) continue;
    faults.push({ parameter, code: 'required', detail: 'is missing: latitude, longitude and radius go together' });
  }
  return undefined;
}

/** A latitude beyond 90 beside a longitude within it was most likely meant the other way round. */
function hintAtSwap(faults: FieldFault[], longitude: number | undefined): void {
  const outOfRange = faults.find(({ parameter, code }) => parameter === 'latitude' && (code === 'maximum' || code === 'minimum'));
  if (!outOfRange || longitude === undefined || Math.abs(longitude) > 90) return;
  outOfRange.detail += '; latitude and longitude look swapped';
}
