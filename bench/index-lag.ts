/**
 * Measures how long it takes from the 201 of a write until a search in Elasticsearch finds the concert.
 *
 * `npm run bench:index-lag -- [--store sqlite|mongodb] [--rate 50] [--seconds 60] [--concerts 20000]`: so many writes a second
 * for so long, over a world of so many concerts. Elasticsearch is asked for all that are awaited, every 20 ms. Ends with 1
 * when the p99 is 5 s or more, or a write is never found.
 */
import { generateWorld } from '#demo';
import { runIndexBench } from './search-index/bench.js';
import { failuresOf, statusesOf, writeOpenLoop } from './search-index/open-loop-writer.js';
import { SteadyWrites } from './search-index/steady-writes.js';
import { Visibility } from './search-index/visibility.js';
import { delaysText, percentile } from './support/percentiles.js';

const MAX_P99_MS = 5_000;
const FOUND_TIMEOUT_MS = 60_000;
const CAUGHT_UP_TIMEOUT_MS = 300_000;

await runIndexBench({ rate: 50, seconds: 60, concerts: 20_000 }, async ({ system, sizes: { rate, seconds, concerts } }) => {
  const world = { seed: 1, concerts };
  await system.processes.load(world);
  await system.untilCompleteSince(Date.now(), CAUGHT_UP_TIMEOUT_MS);
  const { bands, venues } = generateWorld(world);
  const writes = new SteadyWrites({ bands: bands.length, venues: venues.length });
  const visibility = new Visibility(system);
  const pace = { perSecond: rate, count: rate * seconds };
  const { exchanges, perSecond } = await writeOpenLoop(
    system.processes.writesUrl,
    pace,
    () => writes.create(),
    (exchange) => visibility.take(exchange),
  );
  const lost = await visibility.end(FOUND_TIMEOUT_MS);
  console.log(`${exchanges.length} writes at ${perSecond.toFixed(1)} a second: ${statusesOf(exchanges)}`);
  console.log(`from the 201 to being found: ${delaysText(visibility.delaysMs)}`);
  const p99 = percentile(visibility.delaysMs, 0.99);
  return [
    ...failuresOf(exchanges),
    ...lost.map((id) => `lost: the concert ${id} is not found`),
    ...(p99 < MAX_P99_MS ? [] : [`the p99 is ${p99} ms`]),
  ];
});
