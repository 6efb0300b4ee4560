import type { Clock } from '#clock';
import { byService, type ServiceName } from '#config';
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
import { Fault } from '#problem';
import type { ServiceCallers } from '#rpc';
import { IndexMoved } from './concert-index.js';

/** What concerts refer to. */
export const partNames = ['bands', 'venues', 'events'] as const;
export type PartName = (typeof partNames)[number];

/** The stores that the services answer from. */
export type StoreIds = Record<ServiceName, string>;

/** A call reads a thousand records at most; who waits for a change waits on top of that. */
const CALL_TIMEOUT_MS = 10_000;
/** The largest records that there can be are a few hundred kilobytes: of so many, an answer is always taken. */
const FEWEST_RECORDS = 50;

const feeds = { bands: bandFeed, venues: venueFeed, events: eventFeed, concerts: concertFeed };

/** One answer of a feed. */
export interface FeedAnswer {
  service: ServiceName;
  changes: readonly Pick<Change<unknown>, 'id' | 'version'>[];
  /** What they made of them, where they are concerts. */
  concerts: readonly Change<Concert>[];
  cursor: string;
  isAtEnd: boolean;
  /** When it was asked for. */
  askedAt: number;
}

/** A service answers from another store than it did: whatever is known of its versions is worth nothing. */
export class StoreChanged extends IndexMoved {}

/** The four services as an indexer asks them; each must answer from the store that it is known by. */
export class OwnerServices {
  readonly #callers: ServiceCallers;
  readonly #clock: Clock;
  readonly #run: string;
  readonly #limits = byService(() => MAX_IDS_PER_CALL);

  constructor({ callers, clock, run }: { callers: ServiceCallers; clock: Clock; run: string }) {
    this.#callers = callers;
    this.#clock = clock;
    this.#run = run;
  }

  async changes(
    service: ServiceName,
    { cursor, storeId }: { cursor: string; storeId: string },
    waitMs: number,
  ): Promise<FeedAnswer> {
    const askedAt = this.#clock.now();
    const reply = await this.#bounded(service, MAX_CHANGES_PER_CALL, async (limit) => {
      const request = { after: cursor, limit, waitMs };
      const context = this.#context(waitMs);
      if (service !== 'concerts')
        return { ...(await this.#callers[service].call(feeds[service].changes, request, context)), concerts: [] };
      const answer = await this.#callers.concerts.call(concertFeed.changes, request, context);
      return { ...answer, concerts: answer.items };
    });
    assertStore(service, reply, storeId);
    const changes = reply.items.map(({ id, version }) => ({ id, version }));
    return { service, changes, concerts: reply.concerts, cursor: reply.cursor, isAtEnd: reply.isAtEnd, askedAt };
  }

  /** Concerts, live or deleted, by id. */
  async scanConcerts(afterId: number, limit: number, storeId: string) {
    return this.#bounded('concerts', limit, async (atMost) => {
      const request = { limit: atMost, ...(afterId > 0 && { afterId }) };
      const reply = await this.#callers.concerts.call(concertFeed.scan, request, this.#context());
      assertStore('concerts', reply, storeId);
      return { states: reply.items, isLast: reply.items.length < atMost };
    });
  }

  readonly concerts = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Concert>>> =>
    this.#states('concerts', { ids, storeId }, (some) =>
      this.#callers.concerts.call(concertFeed.states, { ids: some }, this.#context()),
    );

  readonly bands = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Band>>> =>
    this.#states('bands', { ids, storeId }, (some) => this.#callers.bands.call(bandFeed.states, { ids: some }, this.#context()));

  readonly venues = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Venue>>> =>
    this.#states('venues', { ids, storeId }, (some) =>
      this.#callers.venues.call(venueFeed.states, { ids: some }, this.#context()),
    );

  readonly events = (ids: readonly number[], storeId: string): Promise<Map<number, Change<Event>>> =>
    this.#states('events', { ids, storeId }, (some) =>
      this.#callers.events.call(eventFeed.states, { ids: some }, this.#context()),
    );

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

  /** The present ends of the four feeds. */
  async heads() {
    const head = (service: ServiceName) => this.#callers[service].call(feeds[service].head, {}, this.#context());
    const [bands, venues, events, concerts] = await Promise.all([
      head('bands'),
      head('venues'),
      head('events'),
      head('concerts'),
    ]);
    return { bands, venues, events, concerts };
  }

  /** The stores that they answer from now. */
  async storeIds(): Promise<StoreIds> {
    return storeIdsOf(await this.heads());
  }

  async countConcerts(): Promise<number> {
    return (await this.#callers.concerts.call(concertCalls.count, {}, this.#context())).count;
  }

  async #states<R extends { id: number }>(
    service: ServiceName,
    { ids, storeId }: { ids: readonly number[]; storeId: string },
    read: (ids: number[]) => Promise<{ items: readonly R[]; storeId: string }>,
  ): Promise<Map<number, R>> {
    const states = new Map<number, R>();
    for (let start = 0; start < ids.length; ) {
      start += await this.#bounded(service, MAX_IDS_PER_CALL, async (limit) => {
        const some = ids.slice(start, start + limit);
        const reply = await read(some);
        assertStore(service, reply, storeId);
        for (const state of reply.items) states.set(state.id, state);
        return some.length;
      });
    }
    return states;
  }

  /**
   * Asks for so many records at most. A service refuses an answer of more than 64 MiB as its own fault: then half as many
   * are asked for, and a few more with each answer after that.
   */
  async #bounded<T>(service: ServiceName, limit: number, ask: (limit: number) => Promise<T>): Promise<T> {
    for (;;) {
      const atMost = Math.min(limit, this.#limits[service]);
      try {
        const answer = await ask(atMost);
        // It may have failed for another reason, or for one large record.
        this.#limits[service] = Math.max(this.#limits[service], Math.min(MAX_IDS_PER_CALL, atMost + FEWEST_RECORDS));
        return answer;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'Internal' || atMost <= FEWEST_RECORDS) throw error;
        this.#limits[service] = Math.max(FEWEST_RECORDS, Math.floor(atMost / 2));
      }
    }
  }

  #context(waitMs = 0) {
    const requestId = `index-${this.#run}`;
    return { deadline: this.#clock.now() + waitMs + CALL_TIMEOUT_MS, requestId, traceId: this.#run.replaceAll('-', '') };
  }
}

/** The stores that feeds, their ends or places in them, are of. */
export const storeIdsOf = (of: Record<ServiceName, { storeId: string }>): StoreIds => byService((name) => of[name].storeId);

function assertStore(service: ServiceName, { storeId }: { storeId: string }, expected: string): void {
  if (storeId !== expected) throw new StoreChanged(`${service} answers from the store ${storeId}, not from ${expected} any more`);
}
