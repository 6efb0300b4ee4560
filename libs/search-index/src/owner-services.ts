import type { Clock } from '#clock';
import type { ServiceName } from '#config';
import {
  type Band,
  bandFeed,
  type Change,
  type Concert,
  concertCalls,
  concertFeed,
  type DateKey,
  type Event,
  eventFeed,
  MAX_CHANGES_PER_CALL,
  MAX_IDS_PER_CALL,
  type Venue,
  venueFeed,
} from '#contracts';
import type { RpcClient } from '#rpc';
import { IndexMoved } from './concert-index.js';

/** The calls of the four services, over TCP or in a simulation. */
export type Callers = Record<ServiceName, Pick<RpcClient, 'call'>>;

/** What concerts refer to. */
export type PartName = Exclude<ServiceName, 'concerts'>;

/** A call reads a thousand records at most; who waits for a change waits on top of that. */
const CALL_TIMEOUT_MS = 10_000;

const feeds = { bands: bandFeed, venues: venueFeed, events: eventFeed, concerts: concertFeed };

/** One answer of a feed. */
export interface FeedAnswer {
  service: ServiceName;
  changes: readonly Change<unknown>[];
  cursor: string;
  isAtEnd: boolean;
  /** When it was asked for. */
  askedAt: number;
}

/** A service answers from another store than it did: whatever is known of its versions is worth nothing. */
export class StoreChanged extends IndexMoved {}

/** The four services as an indexer asks them; each must answer from the store that it is known by. */
export class OwnerServices {
  readonly #callers: Callers;
  readonly #clock: Clock;
  readonly #run: string;

  constructor({ callers, clock, run }: { callers: Callers; clock: Clock; run: string }) {
    this.#callers = callers;
    this.#clock = clock;
    this.#run = run;
  }

  async changes(service: ServiceName, at: { cursor: string; storeId: string }, waitMs: number): Promise<FeedAnswer> {
    const askedAt = this.#clock.now();
    const request = { after: at.cursor, limit: MAX_CHANGES_PER_CALL, waitMs };
    const reply = await this.#callers[service].call(feeds[service].changes, request, this.#context(waitMs));
    assertStore(service, reply, at.storeId);
    return { service, changes: reply.items, cursor: reply.cursor, isAtEnd: reply.isAtEnd, askedAt };
  }

  head(service: ServiceName): Promise<{ cursor: string; storeId: string }> {
    return this.#callers[service].call(feeds[service].head, {}, this.#context());
  }

  /** Concerts, live or deleted, by id; fewer than `limit` are the last. */
  async scanConcerts(afterId: number, limit: number, storeId: string): Promise<readonly Change<Concert>[]> {
    const request = { limit, ...(afterId > 0 && { afterId }) };
    const reply = await this.#callers.concerts.call(concertFeed.scan, request, this.#context());
    assertStore('concerts', reply, storeId);
    return reply.items;
  }

  readonly concerts = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Concert>>> =>
    byId(ids, async (some) => {
      const reply = await this.#callers.concerts.call(concertFeed.states, { ids: some }, this.#context());
      assertStore('concerts', reply, storeId);
      return reply.items;
    });

  readonly bands = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Band>>> =>
    byId(ids, async (some) => {
      const reply = await this.#callers.bands.call(bandFeed.states, { ids: some }, this.#context());
      assertStore('bands', reply, storeId);
      return reply.items;
    });

  readonly venues = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Venue>>> =>
    byId(ids, async (some) => {
      const reply = await this.#callers.venues.call(venueFeed.states, { ids: some }, this.#context());
      assertStore('venues', reply, storeId);
      return reply.items;
    });

  readonly events = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Event>>> =>
    byId(ids, async (some) => {
      const reply = await this.#callers.events.call(eventFeed.states, { ids: some }, this.#context());
      assertStore('events', reply, storeId);
      return reply.items;
    });

  /** Concerts that refer to a part, whatever their status, newest first. */
  async referring(service: PartName, id: number, { after, limit }: { after?: DateKey; limit: number }): Promise<Concert[]> {
    const of = { bands: { bandIds: [id] }, venues: { venueIds: [id] }, events: { eventIds: [id] } };
    const { items } = await this.#callers.concerts.call(
      concertCalls.find,
      { ...of[service], status: 'any', sort: '-date', limit, ...(after && { after }) },
      this.#context(),
    );
    return items;
  }

  /** The stores that they answer from now. */
  async storeIds(): Promise<Record<ServiceName, string>> {
    const [bands, venues, events, concerts] = await Promise.all([
      this.head('bands'),
      this.head('venues'),
      this.head('events'),
      this.head('concerts'),
    ]);
    return { bands: bands.storeId, venues: venues.storeId, events: events.storeId, concerts: concerts.storeId };
  }

  async countConcerts(): Promise<number> {
    return (await this.#callers.concerts.call(concertCalls.count, {}, this.#context())).count;
  }

  #context(waitMs = 0) {
    const requestId = `index-${this.#run}`;
    return { deadline: this.#clock.now() + waitMs + CALL_TIMEOUT_MS, requestId, traceId: this.#run.replaceAll('-', '') };
  }
}

function assertStore(service: ServiceName, { storeId }: { storeId: string }, expected: string): void {
  if (storeId !== expected) throw new StoreChanged(`${service} answers from the store ${storeId}, not from ${expected} any more`);
}

async function byId<R extends { id: number }>(
  ids: readonly number[],
  read: (ids: number[]) => Promise<readonly R[]>,
): Promise<Map<number, R>> {
  const chunks: number[][] = [];
  for (let start = 0; start < ids.length; start += MAX_IDS_PER_CALL) chunks.push(ids.slice(start, start + MAX_IDS_PER_CALL));
  const records = (await Promise.all(chunks.map(read))).flat();
  return new Map(records.map((record) => [record.id, record]));
}
