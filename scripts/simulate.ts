import { hash } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { isProtection, protections, readStateMachines, Simulator } from '#saga';
import { indexProtections, isIndexProtection, openIndexSimulator } from '#search-index';
import type { RunResult } from '#simulation';

const HELP = `Simulates sagas, and how the search index is kept: the modules of production, in worlds where all that can go
wrong does.

  npm run simulate -- [--seeds N] [--from S] [--without PROTECTION]
  npm run simulate -- --seed S [--without PROTECTION]

--seeds N     how many seeds, one run of each simulation (1000)
--from S      the first of them (1)
--seed S      one seed, with its whole trace: every run of it is the same
--without P   takes out a protection, which must then be missed; only the simulation that has it is run:
              sagas: ${protections.join(' ')}
              index: ${indexProtections.join(' ')}

Exit code: 0 when nothing that is promised was broken, 1 when something was, 2 for a wrong command.
`;

const EXIT_VIOLATIONS = 1;
const EXIT_USAGE = 2;
const DEFAULT_SEEDS = 1_000;
const MAX_SEEDS = 10_000_000;
const MAX_SEED = 2 ** 31 - 1;
/** Failing seeds that are named. */
const MAX_NAMED = 20;

const STATE_MACHINES = new URL('../apps/orchestrator/state-machines/', import.meta.url);

/** One of the simulations, whole or without a protection. */
interface Simulation {
  runSeed(seed: number): Promise<RunResult>;
  /** How a seed fails, and the smallest run that is found of it that still does. */
  failing(seed: number): Promise<{ whole: RunResult; smallest: RunResult }>;
}

const simulations = { sagas: sagasWithout, index: indexWithout };
type SimulationName = keyof typeof simulations;

/** What one thread is to run. */
interface Range {
  simulation: SimulationName;
  from: number;
  count: number;
  without: string | undefined;
}

/** What came of one seed. */
type Summary = Pick<RunResult, 'seed' | 'done' | 'events' | 'crashes' | 'violations' | 'traceHash'>;

if (isMainThread) process.exitCode = await main();
else parentPort?.postMessage(await runRange(workerData));

async function main(): Promise<number> {
  const read = readArguments();
  if ('fault' in read) {
    process.stderr.write(`${read.fault}; see --help\n`);
    return EXIT_USAGE;
  }
  if (read.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { seed, without } = read;
  const exitCodes: number[] = [];
  for (const simulation of simulationsWith(without)) {
    console.log(`${exitCodes.length > 0 ? '\n' : ''}${simulation}:`);
    exitCodes.push(seed === undefined ? await runMany({ ...read, simulation }) : await replay(simulation, seed, without));
  }
  return Math.max(...exitCodes);
}

async function runMany(range: Range): Promise<number> {
  const startedAt = performance.now();
  const summaries = (await Promise.all(split(range).map(runInThread))).flat();
  const seconds = (performance.now() - startedAt) / 1_000;
  const failing = summaries.filter(({ violations }) => violations.length > 0);
  const sum = (of: (summary: Summary) => number) => summaries.reduce((total, summary) => total + of(summary), 0);
  tell('seeds', `${range.count}, from ${range.from} on${range.without ? `, without ${range.without}` : ''}`);
  const [of = 'done'] = summaries.map(({ done }) => done.of);
  tell(
    of,
    sum(({ done }) => done.count),
  );
  tell(
    'events',
    sum(({ events }) => events),
  );
  tell(
    'crashes',
    sum(({ crashes }) => crashes),
  );
  tell('violations', failing.length === 0 ? 0 : `${sum(({ violations }) => violations.length)} in ${failing.length} seeds`);
  tell('time', `${seconds.toFixed(1)} s, ${Math.round(range.count / seconds)} seeds/s`);
  tell('trace', `sha256 ${hash('sha256', summaries.map(({ traceHash }) => traceHash).join())}`);
  const [first] = failing;
  if (!first) return 0;
  const named = failing.slice(0, MAX_NAMED).map(({ seed }) => seed);
  tell('failing', `${named.join(' ')}${failing.length > MAX_NAMED ? ' ...' : ''}`);
  await explain(range.simulation, first.seed, range.without);
  return EXIT_VIOLATIONS;
}

async function replay(name: SimulationName, seed: number, without: string | undefined): Promise<number> {
  const { runSeed } = await simulations[name](without);
  const result = await runSeed(seed);
  console.log(result.trace.join('\n'));
  tell('trace', `sha256 ${result.traceHash}`);
  tell('violations', result.violations.length);
  if (result.violations.length === 0) return 0;
  await explain(name, seed, without);
  return EXIT_VIOLATIONS;
}

/** Tells how a seed fails, in the smallest run that still does. */
async function explain(name: SimulationName, seed: number, without: string | undefined): Promise<void> {
  const { failing } = await simulations[name](without);
  const { whole, smallest } = await failing(seed);
  console.log(`\nseed ${seed}:\n${listed(whole.violations)}`);
  const { requests, faults, violations, trace } = smallest;
  console.log(
    `\nIt fails with ${requests.length} of ${whole.requests.length} requests and ${faults.length} of ${whole.faults.length} faults:`,
  );
  console.log(`${listed(faults)}\nin that it says:\n${listed(violations)}\nby this way:\n${trace.join('\n')}`);
  console.log(`\nThe whole run again: npm run simulate -- --seed ${seed}${without ? ` --without ${without}` : ''}`);
}

function listed(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  ${sentence}`).join('\n');
}

function tell(name: string, value: string | number): void {
  console.log(`${name.padEnd(11)}${typeof value === 'number' ? value.toLocaleString('en-US') : value}`);
}

async function sagasWithout(without: string | undefined): Promise<Simulation> {
  return simulationOf(new Simulator(readStateMachines(STATE_MACHINES), isProtection(without) ? without : undefined));
}

async function indexWithout(without: string | undefined): Promise<Simulation> {
  return simulationOf(await openIndexSimulator(isIndexProtection(without) ? without : undefined));
}

function simulationOf<Result extends RunResult>(simulator: {
  runSeed(seed: number): Promise<Result>;
  shrunk(failing: Result): Promise<Result>;
}): Simulation {
  return {
    runSeed: (seed) => simulator.runSeed(seed),
    failing: async (seed) => {
      const whole = await simulator.runSeed(seed);
      return { whole, smallest: await simulator.shrunk(whole) };
    },
  };
}

function simulationsWith(protection: string | undefined): SimulationName[] {
  if (isProtection(protection)) return ['sagas'];
  return isIndexProtection(protection) ? ['index'] : ['sagas', 'index'];
}

async function runRange({ simulation, from, count, without }: Range): Promise<Summary[]> {
  const { runSeed } = await simulations[simulation](without);
  const summaries: Summary[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const { done, events, crashes, violations, traceHash } = await runSeed(seed);
    summaries.push({ seed, done, events, crashes, violations, traceHash });
    // A run is one long chain of promises, in which nothing is given back to the system.
    await setImmediate();
  }
  return summaries;
}

async function runInThread(range: Range): Promise<Summary[]> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: range });
  const [summaries]: Summary[][] = await once(worker, 'message');
  return summaries ?? [];
}

/** The seeds in as many parts as there are processors. */
function split({ from, count, ...range }: Range): Range[] {
  const share = Math.ceil(count / availableParallelism());
  const parts = Math.ceil(count / share);
  return Array.from({ length: parts }, (_, part) => ({
    ...range,
    from: from + part * share,
    count: Math.min(share, count - part * share),
  }));
}

type Arguments = Omit<Range, 'simulation'> & { seed: number | undefined; help: boolean };

function readArguments(): Arguments | { fault: string } {
  const text = { type: 'string' } as const;
  const options = { seeds: text, from: text, seed: text, without: text, help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values } = parseArgs({ options });
    const { without, help = false } = values;
    if (without !== undefined && !isProtection(without) && !isIndexProtection(without))
      return { fault: `--without is one of ${[...protections, ...indexProtections].join(', ')}, not ${without}` };
    if (values.seed !== undefined && (values.seeds ?? values.from) !== undefined)
      return { fault: '--seed goes with neither --seeds nor --from' };
    const count = wholeNumber('seeds', values.seeds ?? `${DEFAULT_SEEDS}`, MAX_SEEDS);
    const from = wholeNumber('from', values.from ?? '1', MAX_SEED - count);
    const seed = values.seed === undefined ? undefined : wholeNumber('seed', values.seed, MAX_SEED);
    return { from, count, without, seed, help };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function wholeNumber(option: string, text: string, max: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > max)
    throw new RangeError(`--${option} is a whole number from 1 to ${max}, not ${text}`);
  return number;
}
