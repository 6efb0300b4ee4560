import { Binary } from 'mongodb';
import { type DateKey, MAX_EPOCH_MS, MIN_EPOCH_MS } from '#contracts';

/**
 * A concert's place in the order by date, then id, as twelve bytes that sort alike: the milliseconds since the year 1 in
 * eight, the id in four. MongoDB keeps and compares them as one value, so that what comes after (date, id) is one plain
 * range of an index; as two fields it is an `$or`, for which it reads every concert of that date, or fetches documents.
 */
const BYTES = 12;
const DATE_BYTES = 8;
const HALF = 2 ** 32;

/** The place of a concert, or of a key that no concert has: before all others, or behind them. */
export function placeOf({ date, id }: DateKey): Binary {
  const bytes = Buffer.alloc(BYTES);
  const isWithin = date >= MIN_EPOCH_MS && date <= MAX_EPOCH_MS;
  const offset = Math.min(Math.max(date, MIN_EPOCH_MS), MAX_EPOCH_MS + 1) - MIN_EPOCH_MS;
  bytes.writeUInt32BE(Math.floor(offset / HALF), 0);
  bytes.writeUInt32BE(offset % HALF, 4);
  bytes.writeUInt32BE(isWithin ? id : 0, DATE_BYTES);
  return new Binary(bytes);
}

export function keyOf(place: Buffer): DateKey {
  const offset = place.readUInt32BE(0) * HALF + place.readUInt32BE(4);
  return { date: offset + MIN_EPOCH_MS, id: place.readUInt32BE(DATE_BYTES) };
}
