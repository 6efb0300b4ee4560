/**
 * Takes Elasticsearch away while clients write: no write fails, nothing is lost, and what was missed is made up for.
 *
 * `npm run bench:index-down -- [--store sqlite|mongodb] [--seconds 60] [--rate 100] [--imported 120000]`: so long, under so many
 * writes a second and an import that changes so many concerts. Ends with 1 when a write failed or the index is not equal to
 * the services afterwards.
 */
import { runIndexBench } from './search-index/bench.js';
import { statusesOf } from './search-index/open-loop-writer.js';
import { writeThroughOutage } from './search-index/outage.js';

await runIndexBench({ seconds: 60, rate: 100, imported: 120_000 }, async ({ system, elasticsearch, sizes }) => {
  const report = await writeThroughOutage(system, elasticsearch, sizes);
  const seconds = report.drainedMs / 1_000;
  console.log(`${report.exchanges.length} writes at ${report.perSecond.toFixed(1)} a second: ${statusesOf(report.exchanges)}`);
  console.log(`${report.exchanges.filter(({ sendings }) => sendings > 1).length} of them were sent more than once`);
  const rate = Math.round(report.documents / seconds);
  console.log(`drained ${report.documents} documents in ${seconds.toFixed(1)} s: ${rate} a second`);
  console.log(`${report.concerts} concerts compared`);
  return report.broken;
});
