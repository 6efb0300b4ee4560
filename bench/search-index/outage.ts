import { setTimeout as sleep } from 'node:timers/promises';
import { generateWorld } from '#demo';
import type { OwnElasticsearch } from '../support/own-elasticsearch.js';
import type { IndexedSystem } from './indexed-system.js';
import { failuresOf, type Written, writeOpenLoop } from './open-loop-writer.js';
import { SteadyWrites } from './steady-writes.js';

export interface OutageOptions {
  /** For how long Elasticsearch is away at least: until all is written. */
  seconds: number;
  /** Writes a second meanwhile. */
  rate: number;
  /** Concerts that are changed by an import meanwhile. */
  imported: number;
}

export interface OutageReport extends Written {
  /** Documents that the indexer wrote until it had caught up. */
  documents: number;
  /** From Elasticsearch being there again until the index said that all was in it. */
  drainedMs: number;
  /** When all was in it, by comparison. */
  concerts: number;
  /** A line for each promise that was broken. */
  broken: string[];
}

/** Until the index has all that an import brought, on a busy machine. */
const CAUGHT_UP_TIMEOUT_MS = 300_000;
const MINUTE_MS = 60_000;
const WRITTEN = /^backline_index_bulk_results_total\{[^}]*outcome="written"[^}]*\} (\d+)/m;

/** Takes Elasticsearch away while clients write, and measures what becomes of it when that is there again. */
export async function writeThroughOutage(
  system: IndexedSystem,
  elasticsearch: OwnElasticsearch,
  { seconds, rate, imported }: OutageOptions,
): Promise<OutageReport> {
  const world = { seed: 1, concerts: Math.max(imported, 1_000) };
  const { bands, venues, happenings } = generateWorld(world);
  await system.processes.load(world);
  await system.untilCompleteSince(Date.now(), CAUGHT_UP_TIMEOUT_MS);
  const changed = [...happenings()]
    .flatMap(({ concerts }) => concerts)
    .slice(0, imported)
    .map((concert) => ({ ...concert, date: concert.date + MINUTE_MS }));
  const before = await documentsWritten(system);

  await elasticsearch.pause();
  const writes = new SteadyWrites({ bands: bands.length, venues: venues.length });
  const pace = { perSecond: rate, count: rate * seconds };
  const [written] = await Promise.all([
    writeOpenLoop(
      system.processes.writesUrl,
      pace,
      () => writes.next(),
      (exchange) => writes.take(exchange),
    ),
    system.processes.upsert({ concerts: changed }),
    sleep(1_000 * seconds),
  ]);
  await elasticsearch.resume();

  const drainedMs = await system.untilCompleteSince(Date.now(), CAUGHT_UP_TIMEOUT_MS);
  const documents = (await documentsWritten(system)) - before;
  const { concerts, broken } = await system.untilEqual(CAUGHT_UP_TIMEOUT_MS);
  return {
    ...written,
    documents,
    drainedMs,
    concerts,
    broken: [
      ...failuresOf(written.exchanges, (status) => status === 200 || status === 201),
      ...broken,
      ...(drainedMs < CAUGHT_UP_TIMEOUT_MS ? [] : ['it never caught up']),
    ],
  };
}

/** Since the indexer leads. */
async function documentsWritten({ processes: { indexerUrl } }: IndexedSystem): Promise<number> {
  const text = await (await fetch(`${indexerUrl}/metrics`)).text();
  const [, count] = WRITTEN.exec(text) ?? [];
  if (count === undefined) throw new Error('the indexer does not tell how many documents it wrote');
  return Number(count);
}
