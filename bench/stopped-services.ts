/**
 * Stops and kills services while 20 clients read: every request is answered by its deadline, never with a wrong list,
 * and all is well within a second of the service's return. The services take their turns.
 *
 * `npm run bench:stopped-services -- [stops] [kills]`: so many stops of 1 to 8 s in all, and so
 * many kills of each service. Ends with 1 when a request was late or wrong, or all was well too late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '#config';
import { generateWorld } from '#demo';
import { READ_DEADLINE_MS } from '#rpc';
import { ProcessSystem } from './support/process-system.js';
import { mixedPaths, Readers, type Reading, summary } from './support/readers.js';
import { seededRandom } from './support/seeded-random.js';

const DEFAULT_STOPS = 20;
const DEFAULT_KILLS = 10;
const CLIENTS = 20;
const WORLD = { seed: 1, concerts: 20_000 };
const LONGEST_STOP_MS = 8_000;
/** What an answer may take beyond its deadline, and a service to be found again. */
const LATE_MS = 250;
const WELL_WITHIN_MS = 1_000;
/** How long all is awaited to be well before that counts as never. */
const WELL_TIMEOUT_MS = 10_000;
/** Reading goes on for so long between two faults. */
const CALM_MS = 3_000;
/** As the supervisor waits. */
const RESTART_DELAY_MS = 500;
const SHOWN_FAULTS = 10;

async function main(): Promise<void> {
  const stops = Number(process.argv[2] ?? DEFAULT_STOPS);
  const kills = Number(process.argv[3] ?? DEFAULT_KILLS);
  const system = await ProcessSystem.start();
  try {
    await system.load(WORLD);
    const [venue] = generateWorld(WORLD).venues;
    if (!venue) throw new Error('a world without a venue');
    const paths = mixedPaths(venue);
    const stopped = await stopAll(system, paths, stops);
    const killed = await killAll(system, paths, kills);
    if (!stopped || !killed) process.exitCode = 1;
  } finally {
    await system.close();
  }
}

async function stopAll(system: ProcessSystem, paths: string[], stops: number): Promise<boolean> {
  const random = seededRandom(1);
  const readers = await Readers.start(system.url, paths, CLIENTS);
  const wellMs: number[] = [];
  for (let stop = 0; stop < stops; stop++) {
    const service = turn(stop);
    const stopMs = Math.round(1_000 + random() * (LONGEST_STOP_MS - 1_000));
    const before = readers.readings.length;
    await system.process(service).freeze();
    await sleep(stopMs);
    system.process(service).thaw();
    const tookMs = await readers.well(WELL_TIMEOUT_MS);
    wellMs.push(tookMs);
    console.log(
      `${service} stopped for ${stopMs} ms, well ${tookMs.toFixed(0)} ms after: ${summary(readers.readings.slice(before))}`,
    );
    await sleep(CALM_MS);
  }
  return report(`${stops} stops`, await readers.stop(), wellMs);
}

async function killAll(system: ProcessSystem, paths: string[], kills: number): Promise<boolean> {
  const readers = await Readers.start(system.url, paths, CLIENTS);
  const wellMs: number[] = [];
  for (let kill = 0; kill < kills * serviceNames.length; kill++) {
    const service = turn(kill);
    const before = readers.readings.length;
    await system.process(service).end('SIGKILL');
    await sleep(RESTART_DELAY_MS);
    const startedAt = performance.now();
    await system.restart(service);
    const startMs = performance.now() - startedAt;
    const tookMs = await readers.well(WELL_TIMEOUT_MS);
    wellMs.push(tookMs);
    console.log(
      `${service} killed, listens ${startMs.toFixed(0)} ms after its start, well ${tookMs.toFixed(0)} ms after that: ` +
        summary(readers.readings.slice(before)),
    );
    await sleep(CALM_MS);
  }
  return report(`${kills} kills of each service`, await readers.stop(), wellMs);
}

/** Prints what came of it all, and says whether it is as it must be. */
function report(what: string, readings: readonly Reading[], wellMs: readonly number[]): boolean {
  const late = readings.filter(({ tookMs }) => tookMs > READ_DEADLINE_MS + LATE_MS);
  const wrong = readings.filter(({ status, fault }) => fault || ![200, 503, 504].includes(status));
  const refused = readings.filter(({ status }) => status !== 200);
  const longestMs = Math.max(...wellMs);
  console.log(`${what}: ${summary(readings)}`);
  console.log(
    `${late.length} later than ${READ_DEADLINE_MS + LATE_MS} ms, ${wrong.length} wrong, ` +
      `${((100 * refused.length) / readings.length).toFixed(2)} % refused, all well within ${longestMs.toFixed(0)} ms`,
  );
  for (const { path, fault, tookMs } of [...late, ...wrong].slice(0, SHOWN_FAULTS))
    console.log(`  ${path} after ${tookMs.toFixed(0)} ms: ${fault ?? 'late'}`);
  return late.length === 0 && wrong.length === 0 && longestMs <= WELL_WITHIN_MS;
}

const turn = (at: number): ServiceName => serviceNames[at % serviceNames.length] ?? 'bands';

await main();
