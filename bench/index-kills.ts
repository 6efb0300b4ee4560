/**
 * Kills the indexer and Elasticsearch at random while clients write: the search index ends equal to the services.
 *
 * `npm run bench:index-kills -- [--store sqlite|mongodb] [--proxy] [--writes 10000] [--rate 60] [--indexer-kills 30]
 * [--elasticsearch-stops 3]`: so many writes of every kind at that pace. With `--proxy` the indexer reaches Elasticsearch and
 * the services only through proxies that send requests twice, hold them back, and cut connections before and after they were
 * done. Ends with 1 when the index is not equal within 30 s of the last write and of Elasticsearch being there again.
 */
import { runIndexBench } from './search-index/bench.js';
import { killUnderWrites } from './search-index/kills.js';
import { statusesOf } from './search-index/open-loop-writer.js';

const EQUAL_WITHIN_MS = 30_000;
const SIZES = { writes: 10_000, rate: 60, 'indexer-kills': 30, 'elasticsearch-stops': 3 };

await runIndexBench(SIZES, async ({ system, elasticsearch, sizes }) => {
  const report = await killUnderWrites(system, elasticsearch, {
    writes: sizes.writes,
    rate: sizes.rate,
    indexerKills: sizes['indexer-kills'],
    elasticsearchStops: sizes['elasticsearch-stops'],
    equalWithinMs: EQUAL_WITHIN_MS,
  });
  console.log(`${report.exchanges.length} writes at ${report.perSecond.toFixed(1)} a second: ${statusesOf(report.exchanges)}`);
  console.log(
    `the indexer was killed ${sizes['indexer-kills']} times; Elasticsearch was ${report.stops.join(', ') || 'left alone'}`,
  );
  for (const [what, count] of Object.entries(system.disturbances)) console.log(`  ${what}: ${count}`);
  const [caughtUp, equal] = [report.caughtUpAfterMs, report.equalAfterMs].map((ms) => (ms / 1_000).toFixed(1));
  console.log(`caught up after ${caughtUp} s, compared and equal after ${equal} s, with ${report.concerts} concerts`);
  return report.broken;
});
