import type { ServiceName } from '#config';
import {
  type BandRow,
  bandCalls,
  type ConcertRow,
  concertCalls,
  type EventRow,
  eventCalls,
  MAX_ROWS_PER_UPSERT,
  type VenueRow,
  venueCalls,
} from '#contracts';
import type { RpcClient } from '#rpc';

/** A page of an upsert takes milliseconds; on a busy machine more. */
const WRITE_TIMEOUT_MS = 20_000;

export interface Rows {
  bands?: readonly BandRow[];
  venues?: readonly VenueRow[];
  events?: readonly EventRow[];
  concerts?: readonly ConcertRow[];
}

/** Writes rows as an import does it, what is referred to first. */
export async function loadRows(
  to: Record<ServiceName, RpcClient>,
  { bands = [], venues = [], events = [], concerts = [] }: Rows,
): Promise<void> {
  for (const rows of chunks(bands)) await to.bands.call(bandCalls.upsert, { rows }, writing());
  for (const rows of chunks(venues)) await to.venues.call(venueCalls.upsert, { rows }, writing());
  for (const rows of chunks(events)) await to.events.call(eventCalls.upsert, { rows }, writing());
  for (const rows of chunks(concerts)) await to.concerts.call(concertCalls.upsert, { rows }, writing());
}

const writing = () => ({ deadline: Date.now() + WRITE_TIMEOUT_MS, requestId: 'load', traceId: 'load' });

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += MAX_ROWS_PER_UPSERT) yield rows.slice(start, start + MAX_ROWS_PER_UPSERT);
}
