// Fills a new search index beside the one that answers, compares it with the services, and puts it in place in one step.

import { IndexDiffers, reindex } from '#search-index';
import { EXIT_FAULTS } from './command.js';
import { ConcertProgress } from './search-index/progress.js';
import { type OnIndex, runOnIndex } from './search-index/run.js';
import { tellDifferences } from './search-index/tell-differences.js';

const HELP = `Fills the search index anew.

  npm run reindex

It asks the four services for all concerts and writes them to a new index in the Elasticsearch that ELASTICSEARCH_URL names,
while searches go on in the one that is there and the indexer keeps that up to date. When the new one has what the services
have, concert by concert, it takes the other's place in one step, and the other is removed. No search fails meanwhile.

Exit code: 0 when the new index is in place, 1 when it differs from the services and was not put there, 2 for a wrong
command or when it cannot be done, 78 for a wrong configuration, 130 when it was interrupted: then the index of before is
still there.
`;

process.exitCode = await runOnIndex(HELP, async ({ parts, services, signal, alive }: OnIndex) => {
  const startedAt = performance.now();
  const bar = new ConcertProgress('filling', await services.countConcerts());
  let shown = 0;
  try {
    const { index, verification } = await reindex(parts, signal, ({ stage, done }) => {
      if (done !== shown) alive();
      shown = done;
      bar.show(stage, done);
    });
    bar.end();
    const seconds = (performance.now() - startedAt) / 1_000;
    const compared = verification ? `${verification.concerts} concerts, 0 differences` : 'npm run verify-index compares it';
    process.stdout.write(`${index} is in place after ${seconds.toFixed(1)} s: ${compared}\n`);
    return 0;
  } catch (error) {
    bar.end();
    if (!(error instanceof IndexDiffers)) throw error;
    tellDifferences(error.verification);
    process.stderr.write(`${error.message}\n`);
    return EXIT_FAULTS;
  }
});
