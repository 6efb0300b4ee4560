import { setTimeout as sleep } from 'node:timers/promises';
import { type Write, Writes } from '../kills/writes.js';
import type { OwnElasticsearch } from '../support/own-elasticsearch.js';
import { seededRandom } from '../support/seeded-random.js';
import type { IndexedSystem } from './indexed-system.js';
import { failuresOf, type Written, writeOpenLoop } from './open-loop-writer.js';

export interface KillsOptions {
  writes: number;
  /** Of the writes, a second. */
  rate: number;
  indexerKills: number;
  /** How often Elasticsearch is ended, stopped or killed, in turns, beginning with the kill. */
  elasticsearchStops: number;
  /** Until the index must be equal to the services. */
  equalWithinMs: number;
}

export interface KillsReport extends Written {
  concerts: number;
  /** What was done to Elasticsearch. */
  stops: string[];
  /** When the index said so, and when it was shown to be so: after the later of the last write and of Elasticsearch being back. */
  caughtUpAfterMs: number;
  equalAfterMs: number;
  /** A line for each promise that was broken. */
  broken: string[];
}

/** A band that has a third of them is composed anew by a job of its own. */
export const CHAOS_WORLD = { seed: 1, bands: 10, concerts: 2_500 };
const STAR_ID = 1;
const WRITES_PER_RENAMING = 100;
const STOPS = ['killed', 'stopped', 'ended'] as const;
const MIN_AWAY_MS = 1_000;
const MAX_AWAY_MS = 6_000;

/**
 * Kills the indexer and does the same to Elasticsearch while clients write, and compares the index with the services.
 * @param system freshly started, on that Elasticsearch
 */
export async function killUnderWrites(
  system: IndexedSystem,
  elasticsearch: OwnElasticsearch,
  options: KillsOptions,
): Promise<KillsReport> {
  await system.processes.load(CHAOS_WORLD);
  const seconds = options.writes / options.rate;
  const writes = new Writes(seededRandom(2), 'chaos');
  let renamings = 0;
  let made = 0;
  const next = (): Write => {
    made += 1;
    return made % WRITES_PER_RENAMING === 0 ? renamingOf(++renamings) : writes.next();
  };
  const pace = { perSecond: options.rate, count: options.writes };
  const [written, deaths, stops] = await Promise.all([
    writeOpenLoop(system.processes.writesUrl, pace, next, ({ write, answer }) => {
      // The star is renamed, and nothing else is done to it.
      if (write.id !== STAR_ID) writes.learnFrom(write, answer);
    }),
    killIndexer(system, options.indexerKills, 1_000 * seconds),
    stopElasticsearch(elasticsearch, options.elasticsearchStops, 1_000 * seconds),
  ]);
  const { caughtUpMs, tookMs, concerts, broken } = await system.untilEqual(options.equalWithinMs);
  await system.untilServed();
  return {
    ...written,
    concerts,
    stops,
    caughtUpAfterMs: caughtUpMs,
    equalAfterMs: tookMs,
    broken: [...failuresOf(written.exchanges), ...deaths, ...broken, ...(await system.disagreements())],
  };
}

function renamingOf(count: number): Write {
  const patch = { verb: 'patch', kind: 'bands', method: 'PATCH' } as const;
  const key = `renaming-${count}`;
  return { ...patch, key, path: `/bands/${STAR_ID}`, id: STAR_ID, ifMatch: '*', body: { name: `The Star, No. ${count}` } };
}

/** At random moments; it is started again at once. @returns what it said where it had ended by itself */
async function killIndexer({ processes }: IndexedSystem, times: number, withinMs: number): Promise<string[]> {
  const random = seededRandom(4);
  const deaths: string[] = [];
  const startedAt = performance.now();
  const moments = Array.from({ length: times }, () => random() * withinMs).sort((a, b) => a - b);
  for (const moment of moments) {
    await sleep(Math.max(0, startedAt + moment - performance.now()));
    const indexer = processes.process('indexer');
    if (!indexer.isRunning) deaths.push(`the indexer ended by itself: ${indexer.printed}`);
    await indexer.end('SIGKILL');
    processes.start('indexer');
  }
  return deaths;
}

/** Resolves when it is there again after the last time. */
async function stopElasticsearch(elasticsearch: OwnElasticsearch, times: number, withinMs: number): Promise<string[]> {
  const random = seededRandom(5);
  const startedAt = performance.now();
  const done: string[] = [];
  for (let time = 0; time < times; time++) {
    await sleep(Math.max(0, startedAt + ((time + random()) / times) * withinMs - performance.now()));
    const kind = STOPS[time % STOPS.length] ?? 'killed';
    const awayMs = MIN_AWAY_MS + random() * (MAX_AWAY_MS - MIN_AWAY_MS);
    await awayFor(elasticsearch, kind, awayMs);
    done.push(`${kind} for ${(awayMs / 1_000).toFixed(1)} s`);
  }
  return done;
}

async function awayFor(elasticsearch: OwnElasticsearch, kind: (typeof STOPS)[number], awayMs: number): Promise<void> {
  if (kind === 'stopped') {
    await elasticsearch.freeze();
    await sleep(awayMs);
    elasticsearch.thaw();
    return;
  }
  await (kind === 'killed' ? elasticsearch.kill() : elasticsearch.pause());
  await sleep(awayMs);
  await elasticsearch.resume();
}
