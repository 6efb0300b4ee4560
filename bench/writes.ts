/**
 * Measures writes through the front door, on a system of real processes with full durability: how many some clients get
 * done, how long each takes and what it costs; and what reads through the gateway feel of it.
 *
 * `npm run bench:writes -- [--store sqlite|mongodb] [--seconds 10] [--profile FOLDER]`: so many seconds for each line.
 * Prints Markdown. `--profile` keeps a CPU profile of each process.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generateWorld } from '#demo';
import { loads, machine } from './support/machine.js';
import { fixed, markdownTable } from './support/markdown.js';
import { OwnMongo } from './support/own-mongo.js';
import { percentile } from './support/percentiles.js';
import { ProcessSystem } from './support/process-system.js';
import { mixedPaths } from './support/readers.js';
import { type Block, type Measured, measureBlock, write } from './writes/block.js';
import { type ReadFigures, readOpenLoop } from './writes/open-loop-reader.js';
import { WORLD, type Workload, workloadsOver } from './writes/workloads.js';

const CLIENTS = [1, 16, 64];
/** A process compiles its hot functions in its first few thousand requests. */
const WARM_UP = { clients: 16, seconds: 10 };
const READS_PER_SECOND = 50;
/** Reads without writes and with them take turns. */
const READ_ROUNDS = 3;
const MAX_SECONDS = 600;

interface Options {
  store: 'sqlite' | 'mongodb';
  seconds: number;
  profile: string | undefined;
}

async function main({ store, seconds, profile }: Options): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const mongo = store === 'mongodb' ? await OwnMongo.start() : undefined;
  if (mongo) stack.defer(() => mongo.stop());
  const system = await ProcessSystem.start({
    ...(mongo && { MONGO_URL: mongo.url }),
    ...(profile !== undefined && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(profile)}` }),
  });
  stack.defer(() => system.close());
  await system.load(WORLD);
  const { bands, venues } = generateWorld(WORLD);
  const workloads = workloadsOver({ bands: bands.length, venues: venues.length });
  for (const workload of workloads) await write(system.writesUrl, workload, WARM_UP);

  console.log(`${machine()}\n\n## Writes, ${store}\n`);
  const { writesUrl, environment } = system;
  const measured: Measured = { writesUrl, environment, pids: [...system.pids, ...(mongo ? [mongo.pid] : [])] };
  const blocks: Block[] = [];
  for (const workload of workloads)
    for (const clients of CLIENTS) blocks.push(await measureBlock(measured, workload, { clients, seconds }));
  console.log(tableOfWrites(blocks));
  for (const { failure, workload } of blocks) if (failure !== undefined) console.log(`\n${workload}: ${failure}`);

  const [venue] = venues;
  const [creates] = workloads;
  if (!venue || !creates) throw new Error('a world without a venue');
  console.log(`\n## Reads at ${READS_PER_SECOND}/s beside writes, ${store}\n`);
  console.log(tableOfReads(await readBesideWrites(system, { paths: mixedPaths(venue), creates, seconds })));
  console.log(`\nload at the end: ${loads()}`);
}

interface ReadRound {
  without: ReadFigures;
  beside: ReadFigures;
  writesPerSecond: number;
}

async function readBesideWrites(
  { url, writesUrl }: ProcessSystem,
  { paths, creates, seconds }: { paths: string[]; creates: Workload; seconds: number },
): Promise<ReadRound[]> {
  const reading = { url, paths, perSecond: READS_PER_SECOND, seconds };
  const rounds: ReadRound[] = [];
  for (let round = 0; round < READ_ROUNDS; round++) {
    const without = await readOpenLoop(reading);
    const clients = Math.max(...CLIENTS);
    const [beside, written] = await Promise.all([readOpenLoop(reading), write(writesUrl, creates, { clients, seconds })]);
    rounds.push({ without, beside, writesPerSecond: written.tookMs.length / written.seconds });
  }
  return rounds;
}

function tableOfWrites(blocks: readonly Block[]): string {
  const header = [
    'writes',
    'clients',
    'per second',
    'p50 ms',
    'p99 ms',
    'CPU ms',
    'journal writes',
    'fsyncs',
    'failed',
    'load (1, 5, 15 min)',
  ];
  const lines = blocks.map((block) => [
    block.workload,
    String(block.clients),
    (block.tookMs.length / block.seconds).toFixed(0),
    ...p50AndP99(block),
    fixed(block.cpuMs),
    block.journalWrites.toFixed(1),
    fixed(block.fsyncs),
    String(block.failed),
    block.loads,
  ]);
  return markdownTable(header, lines, ['writes']);
}

function tableOfReads(rounds: readonly ReadRound[]): string {
  const header = ['round', 'p50 ms', 'p99 ms', 'p50 ms beside', 'p99 ms beside', 'p99 ratio', 'writes/s', 'failed'];
  const lines = rounds.map(({ without, beside, writesPerSecond }, round) => [
    String(round + 1),
    ...p50AndP99(without),
    ...p50AndP99(beside),
    (percentile(beside.tookMs, 0.99) / percentile(without.tookMs, 0.99)).toFixed(2),
    writesPerSecond.toFixed(0),
    String(without.failed + beside.failed),
  ]);
  return markdownTable(header, lines, []);
}

const p50AndP99 = ({ tookMs }: { tookMs: readonly number[] }): string[] =>
  [0.5, 0.99].map((share) => percentile(tookMs, share).toFixed(1));

function readOptions(): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { store: text, seconds: text, profile: text } });
  const { store = 'sqlite', seconds = '10', profile } = values;
  if (store !== 'sqlite' && store !== 'mongodb') throw new Error(`--store is sqlite or mongodb, not ${store}`);
  if (!/^\d+$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > MAX_SECONDS) {
    throw new Error(`--seconds is a whole number from 1 to ${MAX_SECONDS}, not ${seconds}`);
  }
  return { store, seconds: Number(seconds), profile };
}

await main(readOptions());
