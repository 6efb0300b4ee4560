import {
  type Band,
  bandCalls,
  type Concert,
  concertCalls,
  type Event,
  eventCalls,
  MAX_ID,
  MAX_IDS_PER_CALL,
  type Venue,
  venueCalls,
} from '#contracts';
import { Fault } from '#problem';
import type { CallContext, ServiceCallers } from '#rpc';

/** Ids that a record can have: the others of a query match nothing, and are never sent. */
export const possible = (ids: readonly number[]): number[] => ids.filter((id) => id >= 1 && id <= MAX_ID);

/** Records by their ids, however many, in calls of a bounded size. */
export class ServiceRecords {
  constructor(private readonly callers: ServiceCallers) {}

  bands = (ids: Iterable<number>, asking: CallContext): Promise<Map<number, Band>> =>
    byIds(ids, async (some) => (await this.callers.bands.call(bandCalls.byIds, { ids: some }, asking)).items);

  venues = (ids: Iterable<number>, asking: CallContext): Promise<Map<number, Venue>> =>
    byIds(ids, async (some) => (await this.callers.venues.call(venueCalls.byIds, { ids: some }, asking)).items);

  events = (ids: Iterable<number>, asking: CallContext): Promise<Map<number, Event>> =>
    byIds(ids, async (some) => (await this.callers.events.call(eventCalls.byIds, { ids: some }, asking)).items);

  concerts = (ids: Iterable<number>, asking: CallContext): Promise<Map<number, Concert>> =>
    byIds(ids, async (some) => (await this.callers.concerts.call(concertCalls.byIds, { ids: some }, asking)).items);
}

async function byIds<R extends { id: number }>(
  ids: Iterable<number>,
  read: (ids: number[]) => Promise<R[]>,
): Promise<Map<number, R>> {
  const unique = [...new Set(ids)];
  const chunks: number[][] = [];
  for (let start = 0; start < unique.length; start += MAX_IDS_PER_CALL)
    chunks.push(unique.slice(start, start + MAX_IDS_PER_CALL));
  const records = (await Promise.all(chunks.map(read))).flat();
  return new Map(records.map((record) => [record.id, record]));
}

/** A failure of one of the services themselves, rather than of what it was asked. */
export const isOutage = (error: unknown): error is Fault =>
  error instanceof Fault && (error.code === 'Unavailable' || error.code === 'Timeout' || error.code === 'Overloaded');

/** What an answer cannot do without: when the service does not answer, that is the fault of no request. */
export async function essential<T>(service: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isOutage(error)) throw error;
    throw new Fault('Unavailable', `the ${service} service did not answer in time, and the answer needs it`, {
      cause: error,
    });
  }
}
