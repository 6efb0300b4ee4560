/**
 * Fills a new search index while clients read and write, and then renames a band with very many concerts.
 *
 * `npm run bench:index-rebuild -- [--store sqlite|mongodb] [--concerts 100000] [--band 20000] [--readers 2] [--rate 50]`:
 * `npm run reindex` over so many concerts and those of the band, with so many readers that page through all of them and so
 * many writes a second; then the band with so many concerts is renamed while others write. Ends with 1 when a read fails or
 * misses a concert, the new index differs from the services, the index of before goes too early or not at all, or a write
 * beside the renaming is found more than 5 s after its answer.
 */
import { generateWorld } from '#demo';
import { runIndexBench } from './search-index/bench.js';
import { statusesOf } from './search-index/open-loop-writer.js';
import { rebuildUnderLoad } from './search-index/rebuild.js';
import { renameUnderWrites } from './search-index/renaming.js';
import { SteadyWrites } from './search-index/steady-writes.js';
import { delaysText } from './support/percentiles.js';

const FIRST_DATE = Date.UTC(2030, 0, 1);
const HOUR_MS = 3_600_000;
const CAUGHT_UP_TIMEOUT_MS = 900_000;
const MAX_DELAY_MS = 5_000;

await runIndexBench({ concerts: 100_000, band: 20_000, readers: 2, rate: 50 }, async ({ system, sizes }) => {
  const { concerts, band, readers, rate } = sizes;
  const world = { seed: 1, concerts };
  const { bands, venues } = generateWorld(world);
  const star = { id: bands.length + 1, name: 'The Stars' };
  await system.processes.load(world);
  await system.processes.upsert({
    bands: [star],
    concerts: Array.from({ length: band }, (_, at) => ({
      id: concerts + at + 1,
      bandId: star.id,
      venueId: 1 + (at % venues.length),
      date: FIRST_DATE + at * HOUR_MS,
    })),
  });
  await system.untilCompleteSince(Date.now(), CAUGHT_UP_TIMEOUT_MS);
  const writes = new SteadyWrites({ bands: bands.length, venues: venues.length });

  const rebuild = await rebuildUnderLoad(system, writes, { rate, readers });
  const perSecond = (ms: number) => `${(ms / 1_000).toFixed(1)} s, ${Math.round(rebuild.concerts / (ms / 1_000))} a second`;
  console.log(
    `reindex of ${rebuild.concerts} concerts: filled in ${perSecond(rebuild.filledMs)}; all in ${perSecond(rebuild.tookMs)}`,
  );
  console.log(`${JSON.stringify(rebuild.pages)} pages and ${rebuild.readings} readings of all concerts meanwhile`);
  console.log(`writes at ${rebuild.perSecond.toFixed(1)} a second meanwhile: ${statusesOf(rebuild.exchanges)}`);

  const renaming = await renameUnderWrites(system, writes, { bandId: star.id, rate });
  console.log(`a band renamed: the last of its ${band} concerts is found after ${(renaming.renamedMs / 1_000).toFixed(1)} s`);
  console.log(`${renaming.exchanges.length} writes meanwhile, from the 201 to being found: ${delaysText(renaming.delaysMs)}`);
  const tooLate = renaming.delaysMs.filter((delayMs) => delayMs > MAX_DELAY_MS).length;
  return [
    ...rebuild.broken,
    ...renaming.broken,
    ...(tooLate > 0 ? [`${tooLate} writes were found more than ${MAX_DELAY_MS} ms after their answers`] : []),
  ];
});
