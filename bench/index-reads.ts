/**
 * Measures searches that the index answers beside the same ones that the services answer, through one gateway.
 *
 * `npm run bench:index-reads -- [--store sqlite|mongodb] [--concerts 20000] [--rounds 10] [--requests 20]`: so many rounds in
 * which the two take turns, each with so many requests, one after the other. Answers are compared first. Prints Markdown; ends
 * with 1 when an answer differs, or one that the index should give is given by the services.
 */
import { MAX_PAGE_SIZE } from '#contracts';
import { generateWorld } from '#demo';
import { runIndexBench } from './search-index/bench.js';
import type { IndexedSystem } from './search-index/indexed-system.js';
import { fixed, markdownTable } from './support/markdown.js';
import { percentile } from './support/percentiles.js';

const CAUGHT_UP_TIMEOUT_MS = 300_000;
/** Rounds that are not counted: gateway and Elasticsearch compile what is hot in them. */
const WARM_UP_ROUNDS = 5;

const sources = ['services', 'elasticsearch'] as const;
type Source = (typeof sources)[number];

interface Search {
  name: string;
  paths: readonly string[];
  tookMs: Record<Source, number[]>;
}

await runIndexBench({ concerts: 20_000, rounds: 10, requests: 20 }, async ({ system, sizes: { concerts, rounds, requests } }) => {
  const world = { seed: 1, concerts };
  await system.processes.load(world);
  await system.untilCompleteSince(Date.now(), CAUGHT_UP_TIMEOUT_MS);
  const searches = searchesOf(generateWorld(world), requests);
  const broken: string[] = [];
  for (const { paths } of searches) for (const path of paths) broken.push(...(await differences(system, path)));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const { paths, tookMs } of searches) {
      for (const source of sources) {
        const took = await readAll(system, paths, source);
        if (round >= 0) tookMs[source].push(...took.map((one) => one.ms));
        broken.push(...took.flatMap(({ fault }) => fault ?? []));
      }
    }
  }
  console.log(table(searches));
  return broken;
});

function searchesOf({ bands, venues }: ReturnType<typeof generateWorld>, requests: number): Search[] {
  const search = (name: string, path: (at: number) => string): Search => ({
    name,
    paths: Array.from({ length: requests }, (_, at) => path(at)),
    tookMs: { services: [], elasticsearch: [] },
  });
  const around = (at: number) => {
    const { latitude = 0, longitude = 0 } = venues[(at * 7) % venues.length] ?? {};
    return `latitude=${latitude}&longitude=${longitude}`;
  };
  return [
    search('one band, 20 rows', (at) => `/concerts?bandIds=${(at % bands.length) + 1}&limit=20`),
    search('50 km, 20 rows', (at) => `/concerts?${around(at)}&radius=50&limit=20`),
    search('50 km, all rows', (at) => `/concerts?${around(at)}&radius=50&limit=${MAX_PAGE_SIZE}`),
    search('1,000 rows', () => '/concerts?from=2010-01-01&limit=1000'),
    search('10,000 rows', () => `/concerts?from=2010-01-01&limit=${MAX_PAGE_SIZE}`),
  ];
}

function pathFor(path: string, source: Source): string {
  return source === 'services' ? `${path}&consistency=strong` : path;
}

async function differences(system: IndexedSystem, path: string): Promise<string[]> {
  const [strong, fresh] = [await system.read(pathFor(path, 'services')), await system.read(path)];
  return strong.status === 200 && strong.text === fresh.text ? [] : [`${path} is answered otherwise by the index`];
}

async function readAll(system: IndexedSystem, paths: readonly string[], source: Source) {
  const took: { ms: number; fault: string | undefined }[] = [];
  for (const path of paths) {
    const start = performance.now();
    const { status, servedBy } = await system.read(pathFor(path, source));
    const isWell = status === 200 && servedBy === source;
    took.push({ ms: performance.now() - start, fault: isWell ? undefined : `${path}: ${status} by ${servedBy}, not ${source}` });
  }
  return took;
}

function table(searches: readonly Search[]): string {
  const lines = searches.map(({ name, tookMs }) => {
    const [services, index] = sources.map((source) => percentile(tookMs[source], 0.5));
    const p99 = sources.map((source) => fixed(percentile(tookMs[source], 0.99)));
    return [name, fixed(services), fixed(index), fixed((index ?? Number.NaN) / (services ?? Number.NaN)), ...p99];
  });
  const header = ['search', 'services p50 ms', 'index p50 ms', 'ratio', 'services p99 ms', 'index p99 ms'];
  return markdownTable(header, lines, ['search']);
}
