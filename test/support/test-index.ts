import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import type { ElasticsearchConfig } from '#config';
import { MIN_EPOCH_MS } from '#contracts';
import { type ConcertQuery, type JoinedConcert, ServicesReadModel } from '#read-model';
import {
  type Checkpoint,
  ElasticsearchIndices,
  type IndexEntry,
  type LiveEntry,
  nextIndexName,
  openElasticsearch,
} from '#search-index';
import type { System } from './system.js';

/** Concerts that are read and written at once: some megabytes. */
const PAGE_SIZE = 2_000;
/** Every concert there is. */
const ALL: ConcertQuery = { from: { instant: MIN_EPOCH_MS }, status: 'any', sort: 'date', limit: PAGE_SIZE };
const STORE_ID = '00000000-0000-4000-8000-000000000000';

/** How old a checkpoint is that is kept: too old to have all that is being asked for. */
const KEPT_AGE_MS = 2_000;
const KEEP_INTERVAL_MS = 500;

/** A search index that a test fills by itself, with a checkpoint that says what the test wants. */
export class TestIndex {
  readonly #indices: ElasticsearchIndices;
  #keeping: { ended: AbortController; loop: Promise<void> } | undefined;

  private constructor(
    private readonly client: Client,
    alias: string,
    private readonly name: string,
  ) {
    this.#indices = new ElasticsearchIndices(client, alias);
  }

  /** An empty one behind the alias, without a checkpoint. */
  static async create(config: ElasticsearchConfig): Promise<TestIndex> {
    const index = new TestIndex(await openElasticsearch(config), config.alias, nextIndexName(config.alias, [], Date.now()));
    await index.#indices.create(index.name);
    await index.#indices.swapTo(index.name);
    return index;
  }

  /** Writes all that the services have. */
  async fill(system: System): Promise<void> {
    const services = new ServicesReadModel(system.clients);
    for (let query: ConcertQuery | undefined = ALL; query; ) {
      const { concerts, next } = await services.find(query, system.context());
      await this.write(concerts.map(entryOf));
      query = next && { ...ALL, after: next };
    }
  }

  /** Writes entries that searches find when it is done. */
  async write(entries: readonly IndexEntry[]): Promise<void> {
    const outcomes = await this.#indices.write(this.name, entries);
    const unwritten = outcomes.find(({ outcome }) => outcome !== 'written');
    if (unwritten) throw new Error(`an entry was not written: ${JSON.stringify(unwritten)}`);
    await this.#indices.refresh(this.name);
  }

  /** Says that all that was written before a time, in epoch milliseconds, is there; and what more is to be said. */
  async complete(until: number, more: Partial<Checkpoint> = {}): Promise<void> {
    await this.#endKeeping();
    await this.#say(until, more);
  }

  /** Says from now on, until something else is said, that all that was written some seconds ago is there. */
  async keepComplete(): Promise<void> {
    await this.complete(Date.now() - KEPT_AGE_MS);
    const ended = new AbortController();
    this.#keeping = { ended, loop: this.#keep(ended.signal) };
  }

  async remove(): Promise<void> {
    await this.#endKeeping();
    await this.#indices.remove(this.name);
  }

  async close(): Promise<void> {
    await this.#endKeeping();
    await this.client.close();
  }

  async #say(until: number, more: Partial<Checkpoint> = {}): Promise<void> {
    const feed = { cursor: 'none', storeId: STORE_ID, takenAt: until, endReadAt: until };
    const checkpoint: Checkpoint = {
      leader: null,
      feeds: { bands: feed, venues: feed, events: feed, concerts: feed },
      jobs: [],
      filling: null,
      putAside: [],
      ...more,
    };
    const said = await this.#indices.readCheckpoint(this.name);
    await this.#indices.storeCheckpoint(this.name, checkpoint, said?.position);
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(KEEP_INTERVAL_MS);
      // The test may have stopped Elasticsearch.
      if (!signal.aborted) await Promise.allSettled([this.#say(Date.now() - KEPT_AGE_MS)]);
    }
  }

  async #endKeeping(): Promise<void> {
    this.#keeping?.ended.abort();
    await this.#keeping?.loop;
  }
}

/** One concert with its parts, as the services have it now. */
export async function readEntry(system: System, id: number): Promise<LiveEntry> {
  const { concerts } = await new ServicesReadModel(system.clients).byId(id, system.context());
  const [joined] = concerts;
  if (!joined) throw new Error(`there is no concert ${id}`);
  return entryOf(joined);
}

function entryOf({ concert, band, venue, event }: JoinedConcert): LiveEntry {
  const versions = {
    concert: concert.version,
    band: band?.version ?? 0,
    venue: venue?.version ?? 0,
    event: event?.version ?? 0,
  };
  return { id: concert.id, versions, concert, band, venue, event };
}
