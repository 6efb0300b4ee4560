import { Fault } from '#problem';

/** What a reader who reads on from there would not notice: he must begin anew. */
export const expired = (why: string, cause?: unknown): Fault => new Fault('CursorExpired', why, { cause });

/** A place in the feed of a store, as its readers keep it: only its store knows what is in it. */
export const cursorOf = (storeId: string, place: object): string =>
  Buffer.from(JSON.stringify({ storeId, ...place })).toString('base64url');

/** What a cursor of this store holds. @throws Fault CursorExpired when it is none, or one of another store */
export function placeIn(cursor: string, storeId: string): object {
  const place = parsed(Buffer.from(cursor, 'base64url').toString());
  if (typeof place !== 'object' || place === null || !('storeId' in place)) throw unreadable();
  if (place.storeId !== storeId) throw expired('this is a place in the feed of another store');
  return place;
}

export const unreadable = (cause?: unknown): Fault => expired('this is no place in a feed', cause);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // whatever it is, no cursor was ever made of it
  }
}
