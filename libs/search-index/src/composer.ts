import type { ServiceName } from '#config';
import type { Band, Change, Concert, Event, Venue } from '#contracts';
import { type IndexEntry, IndexMoved, type TombstoneEntry } from './concert-index.js';
import { type OwnerServices, partNames, type StoreIds } from './owner-services.js';
import { type Ground, pause } from './patience.js';
import { RememberedParts } from './remembered-parts.js';
import { SeenVersions } from './seen-versions.js';

/** A service gives older states than it has told of: a member of its store that lags is behind by less than this. */
const MAX_STALE_MS = 15_000;
const STALE_PAUSE_MS = 100;

/** A service does not have any more what its feed told of: that can be gone only with the place in the feed. */
export class StateGone extends IndexMoved {}

type States<R> = Map<number, Change<R>>;

/** Where the states of one service come from. */
interface Source<R> {
  read: (ids: readonly number[], storeId: string) => Promise<States<R>>;
  remembered?: RememberedParts<R>;
}

/** The parts of some concerts, as their services have them. */
interface Parts {
  bands: ReadonlyMap<number, Change<Band>>;
  venues: ReadonlyMap<number, Change<Venue>>;
  events: ReadonlyMap<number, Change<Event>>;
}

/**
 * Asks the services for concerts and their parts, and makes entries of them. It knows which versions it was told of: a
 * change of a part comes but once, and a concert that comes to that part later must not be made of an older state. So
 * long as it is told of each change, or needs none, it asks for each part but once, or seldom.
 */
export class Composer {
  readonly #seen: SeenVersions;
  readonly #remembered = {
    bands: new RememberedParts<Band>(),
    venues: new RememberedParts<Venue>(),
    events: new RememberedParts<Event>(),
  };

  constructor(
    private readonly ground: Ground,
    private readonly services: OwnerServices,
    private readonly storeIds: StoreIds,
  ) {
    this.#seen = new SeenVersions(ground.clock, MAX_STALE_MS);
  }

  /** From now on nothing is made of an older state of a record. */
  saw(service: ServiceName, id: number, version: number): void {
    this.#seen.note(service, id, version);
    if (service !== 'concerts') this.#remembered[service].drop(id, version);
  }

  /** Changes may have been missed: each part is asked for again. */
  forget(): void {
    for (const service of partNames) this.#remembered[service].clear();
  }

  /**
   * Entries of concerts by their ids; none for those that nobody knows.
   * @param told states of some of them that the feed has just told of: they need not be asked for @throws StateGone
   */
  async ofIds(ids: readonly number[], signal: AbortSignal, told: ReadonlyMap<number, Change<Concert>> = new Map()) {
    const others = ids.filter((id) => !told.has(id));
    const concerts = await this.#fresh('concerts', others, { read: this.services.concerts }, signal);
    return this.ofStates([...ids.flatMap((id) => told.get(id) ?? []), ...concerts.values()], signal);
  }

  /** Entries of states of concerts. @throws StateGone */
  async ofStates(concerts: readonly Change<Concert>[], signal: AbortSignal): Promise<IndexEntry[]> {
    const idsOf = (of: (concert: Concert) => number | null) => [
      ...new Set(concerts.flatMap(({ document }) => (document && of(document)) ?? [])),
    ];
    const { services } = this;
    const { bands: ofBands, venues: ofVenues, events: ofEvents } = this.#remembered;
    const bandIds = idsOf(({ bandId }) => bandId);
    const venueIds = idsOf(({ venueId }) => venueId);
    const eventIds = idsOf(({ eventId }) => eventId);
    const [bands, venues, events] = await Promise.all([
      this.#fresh('bands', bandIds, { read: services.bands, remembered: ofBands }, signal),
      this.#fresh('venues', venueIds, { read: services.venues, remembered: ofVenues }, signal),
      this.#fresh('events', eventIds, { read: services.events, remembered: ofEvents }, signal),
    ]);
    return concerts.map((concert) => entryOf(concert, { bands, venues, events }));
  }

  /** States that are at least as new as what was seen before: others are asked for again. */
  async #fresh<R>(
    service: ServiceName,
    ids: readonly number[],
    { read, remembered }: Source<R>,
    signal: AbortSignal,
  ): Promise<States<R>> {
    const states: States<R> = new Map();
    for (const id of ids) {
      const state = remembered?.get(id);
      if (state) states.set(id, state);
    }
    const isOld = (id: number) => (states.get(id)?.version ?? 0) < this.#seen.of(service, id);
    const giveUpAt = this.ground.clock.now() + MAX_STALE_MS;
    for (let missing = ids.filter((id) => !states.has(id)); missing.length > 0; ) {
      const answer = await read(missing, this.storeIds[service]);
      for (const [id, state] of answer) states.set(id, state);
      missing = ids.filter(isOld);
      // Nothing was told of them since they were read.
      for (const id of missing) answer.delete(id);
      remembered?.keep(answer);
      if (missing.length === 0) break;
      if (this.ground.clock.now() >= giveUpAt)
        throw new StateGone(`${service} does not have the states of ${missing.length} records that its feed told of`);
      await pause(this.ground, STALE_PAUSE_MS, signal);
      signal.throwIfAborted();
    }
    return states;
  }
}

/** One entry: of a deleted concert a tombstone; a part that is deleted or not known is null. */
function entryOf(state: Change<Concert>, parts: Parts): IndexEntry {
  const { id, version, document: concert } = state;
  if (!concert) return tombstoneOf(state);
  const band = parts.bands.get(concert.bandId);
  const venue = parts.venues.get(concert.venueId);
  const event = concert.eventId === null ? undefined : parts.events.get(concert.eventId);
  const versions = { concert: version, band: versionOf(band), venue: versionOf(venue), event: versionOf(event) };
  return {
    id,
    versions,
    concert,
    band: band?.document ?? null,
    venue: venue?.document ?? null,
    event: event?.document ?? null,
  };
}

/** What was deleted before there was a feed is older than any index. */
const tombstoneOf = ({ id, version, committedAt }: Change<unknown>): TombstoneEntry => ({
  id,
  versions: { concert: version, band: 0, venue: 0, event: 0 },
  deletedAt: committedAt ?? 0,
});

const versionOf = (state: Change<unknown> | undefined): number => state?.version ?? 0;
