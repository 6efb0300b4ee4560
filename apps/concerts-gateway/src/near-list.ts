import type { FastifyReply } from 'fastify';
import { MAX_PAGE_SIZE, type RequestOf, type Venue, type VenueSearch, type venueCalls } from '#contracts';
import { assertFaultless, type Clean } from '#http';
import { Fault } from '#problem';
import { SERVED_BY_SERVICES } from '#read-model';
import { sendList } from './answers.js';
import { readCircle } from './concert-query.js';
import { decodeCursor, encodeCursor, readDistanceKey } from './cursor.js';

/** A search for venues around a place, as the service takes it, and how to name the end of its pages. */
export interface NearQuery {
  near: RequestOf<typeof venueCalls.near>;
  limit: number;
  cursorAt(distanceKm: number, id: number): string;
}

/** @throws Fault ValidationError with every fault */
export function readNearQuery({ value, faults }: Clean<VenueSearch>): NearQuery {
  const { name, limit = MAX_PAGE_SIZE } = value;
  const all = [...faults];
  const circle = readCircle(value, all);
  const filter = { name, circle };
  const after = decodeCursor(value.cursor, filter, readDistanceKey, all);
  assertFaultless(all);
  if (!circle) throw new Fault('ValidationError', 'latitude, longitude and radius go together');
  return {
    near: { circle, ...(name !== undefined && { name }), ...(after && { after }), limit: limit + 1 },
    limit,
    cursorAt: (distanceKm, id) => encodeCursor(filter, [distanceKm, id]),
  };
}

export function sendNear(
  reply: FastifyReply,
  { limit, cursorAt }: NearQuery,
  items: { venue: Venue; distanceKm: number }[],
): void {
  const rows = items.slice(0, limit).map(({ venue, distanceKm }) => ({ ...venue, distance: distanceKm }));
  const last = rows.at(-1);
  const next = items.length > limit && last ? cursorAt(last.distance, last.id) : undefined;
  sendList(reply, { ...SERVED_BY_SERVICES, rows, next });
}
