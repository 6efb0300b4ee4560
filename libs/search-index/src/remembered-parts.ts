import type { Change } from '#contracts';
import type { StateReader } from './composer.js';

/** Parts of one kind that are remembered: a few megabytes, as records are. */
const MAX_REMEMBERED = 5_000;

type Read<R> = (ids: readonly number[], storeId: string) => Promise<Map<number, Change<R>>>;

/** Reads each part but once, or seldom: for who needs no state that is newer than the first one that was read. */
export class RememberedParts implements StateReader {
  readonly concerts: StateReader['concerts'];
  readonly bands: StateReader['bands'];
  readonly venues: StateReader['venues'];
  readonly events: StateReader['events'];

  constructor(services: StateReader) {
    this.concerts = services.concerts;
    this.bands = remembering(services.bands);
    this.venues = remembering(services.venues);
    this.events = remembering(services.events);
  }
}

/** What nobody knows is asked for each time. */
function remembering<R>(read: Read<R>): Read<R> {
  const known = new Map<number, Change<R>>();
  return async (ids, storeId) => {
    const found = new Map<number, Change<R>>();
    for (const id of ids) {
      const state = known.get(id);
      if (state) found.set(id, state);
    }
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length === 0) return found;
    const states = await read(missing, storeId);
    // The oldest make room, whoever needed them last: parts are wanted again soon, or not at all.
    for (const id of known.keys()) {
      if (known.size + states.size <= MAX_REMEMBERED) break;
      known.delete(id);
    }
    for (const [id, state] of states) {
      known.set(id, state);
      found.set(id, state);
    }
    return found;
  };
}
