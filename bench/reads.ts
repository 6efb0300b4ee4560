/**
 * Measures reads through the front door: pages and whole answers over generated concerts of several sizes, on SQLite and
 * MongoDB, each system as processes of its own. Answers are compared with brute force first; then the systems take
 * turns, so that the ratio of two sizes is that of the same minutes. One client sends one request after the other:
 * what a request costs and takes, not how many there can be.
 *
 * `npm run bench -- [--concerts 200000,2000000] [--stores sqlite,mongodb] [--rounds 5] [--requests 100]
 * [--data data/bench] [--songkick FOLDER] [--profile FOLDER]`, after `npm run build`. Worlds and stores are kept in the
 * data folder. Prints Markdown; ends with 1 when an answer is wrong.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Block, Contender } from './reads/measure.js';
import { Oracle } from './reads/oracle.js';
import { type Measured, table } from './reads/report.js';
import { BenchSystem, type Store } from './reads/system.js';
import { smallCircles, type Workload, wholeParis, workloadsOf } from './reads/workloads.js';
import { type BenchWorld, keptWorld } from './reads/worlds.js';
import { loads, machine } from './support/machine.js';

/** Brute force holds a world in memory: up to here that is a matter of a second. */
const MAX_CHECKED_CONCERTS = 200_000;
const MANY_VENUES = { concerts: 20_000, venues: 50_000 };
/** Rounds that are not counted: a process compiles its hot functions in its first few thousand requests. */
const WARM_UP_ROUNDS = 2;
const MAX_ROUNDS = 50;
const MAX_REQUESTS = 2_000;

interface Options {
  concerts: number[];
  stores: Store[];
  rounds: number;
  requests: number;
  data: string;
  songkick: string | undefined;
  profile: string | undefined;
}

/** What is imported, and what is asked of it. */
interface Dataset {
  name: string;
  importFrom: string;
  workloads: Workload[];
  /** Where there is one small enough for brute force. */
  oracle: Oracle | undefined;
}

async function main(options: Options): Promise<void> {
  const datasets = await datasetsOf(options);
  console.log(machine());
  for (const store of options.stores) await measureStore(store, datasets, options);
  console.log(`\nload at the end: ${loads()}`);
}

async function datasetsOf({ concerts, data, requests, songkick }: Options): Promise<Dataset[]> {
  const datasets: Dataset[] = [];
  for (const count of concerts) {
    const world = await keptWorld(join(data, `world-${count}`), { concerts: count });
    datasets.push({
      name: count.toLocaleString('en-US'),
      importFrom: world.folder,
      workloads: await workloadsOf(world, requests),
      oracle: count <= MAX_CHECKED_CONCERTS ? await Oracle.of(world) : undefined,
    });
  }
  const spread = await keptWorld(join(data, 'world-many-venues'), MANY_VENUES);
  datasets.push(await manyVenues(spread, requests));
  if (songkick !== undefined) {
    const workloads = [wholeParis(requests, 'Paris 10 km, whole, Songkick')];
    datasets.push({ name: 'Songkick', importFrom: songkick, workloads, oracle: undefined });
  }
  return datasets;
}

async function manyVenues(world: BenchWorld, requests: number): Promise<Dataset> {
  return {
    name: `${MANY_VENUES.venues.toLocaleString('en-US')} venues`,
    importFrom: world.folder,
    workloads: [smallCircles(world, requests)],
    oracle: await Oracle.of(world),
  };
}

async function measureStore(store: Store, datasets: readonly Dataset[], options: Options): Promise<void> {
  await using systems = new AsyncDisposableStack();
  const runs: Run[] = [];
  for (const dataset of datasets) runs.push(...(await startRuns(store, dataset, { ...options, systems })));
  for (const run of runs) await check(run);
  await takeTurns(runs, options.rounds);
  const measured: Measured[] = runs.map(({ contender, dataset, blocks }) => {
    return { workload: contender.workload.name, world: dataset.name, blocks };
  });
  console.log(`\n## ${store}\n\n${table(measured)}`);
  for (const run of runs) sayCircleBound(run);
}

/** One workload over one system. */
interface Run {
  contender: Contender;
  dataset: Dataset;
  blocks: Block[];
}

async function startRuns(
  store: Store,
  dataset: Dataset,
  { data, profile, systems }: Options & { systems: AsyncDisposableStack },
): Promise<Run[]> {
  const folder = join(data, `${store}-${dataset.name.toLowerCase().replaceAll(/\W/g, '')}`);
  const system = systems.use(await BenchSystem.start({ store, folder, importFrom: dataset.importFrom, profileFolder: profile }));
  if (system.imported !== undefined) console.log(`${store}, ${dataset.name}: imported ${system.imported}`);
  const runs: Run[] = [];
  for (const workload of dataset.workloads) {
    const contender = await Contender.of(system, workload);
    systems.defer(() => contender.close());
    runs.push({ contender, dataset, blocks: [] });
  }
  return runs;
}

/** Of one workload after the other, the systems in turns, first one and then another of them first. */
async function takeTurns(runs: readonly Run[], rounds: number): Promise<void> {
  const byWorkload = Map.groupBy(runs, ({ contender }) => contender.workload.name);
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    for (const group of byWorkload.values()) {
      for (const { contender, blocks } of round % 2 === 0 ? group : group.toReversed()) {
        const block = await contender.block();
        if (round > 0) blocks.push(block);
      }
    }
  }
}

async function check({ contender, dataset: { name, oracle } }: Run): Promise<void> {
  if (!oracle) return;
  const wrong = await contender.mismatches(oracle);
  if (wrong.length === 0) return;
  throw new Error(`${contender.workload.name} over ${name} is answered wrongly, as for ${wrong.slice(0, 3).join(' and ')}`);
}

/** How the entries read of the index of positions relate to the venues that are in the circles. */
function sayCircleBound({ contender: { workload }, dataset: { name, oracle }, blocks: [block] }: Run): void {
  if (!oracle || !block || !workload.name.startsWith('1 km')) return;
  const hits = workload.queries.map(({ circle }) => (circle ? oracle.venuesIn(circle) : 0));
  const within = block.circleEntries.filter((entries, at) => entries <= 3 * (hits[at] ?? 0) + 100).length;
  const most = Math.max(...block.circleEntries);
  console.log(
    `\nover ${name}: ${Math.max(...hits)} venues in a circle at most, ${most} entries of positions read at most, ` +
      `and at most 3 x venues + 100 in ${within} of ${block.circleEntries.length} queries`,
  );
}

function readOptions(): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { concerts: text, stores: text, rounds: text, requests: text, data: text, songkick: text, profile: text },
  });
  const { concerts = '200000,2000000', stores = 'sqlite,mongodb', rounds = '5', requests = '100', data = 'data/bench' } = values;
  return {
    concerts: concerts.split(',').map((count) => wholeNumber('concerts', count, Number.MAX_SAFE_INTEGER)),
    stores: stores.split(',').map(storeOf),
    rounds: wholeNumber('rounds', rounds, MAX_ROUNDS),
    requests: wholeNumber('requests', requests, MAX_REQUESTS),
    data,
    songkick: values.songkick ?? (existsSync(SONGKICK) ? SONGKICK : undefined),
    profile: values.profile,
  };
}

/** The concerts that the original system was made for, where they are. */
const SONGKICK = '../shared/data/songkick';

function wholeNumber(name: string, value: string, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= most) return number;
  throw new Error(`--${name} is a whole number from 1 to ${most}, not ${value}`);
}

function storeOf(name: string): Store {
  if (name === 'sqlite' || name === 'mongodb') return name;
  throw new Error(`--stores is sqlite, mongodb, or both, not ${name}`);
}

process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
await main(readOptions());
