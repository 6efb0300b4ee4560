// Compares the search index with the services, concert by concert.

import { serviceNames } from '#config';
import { Fault } from '#problem';
import { verify } from '#search-index';
import { EXIT_FAULTS } from './command.js';
import { ConcertProgress } from './search-index/progress.js';
import { type OnIndex, runOnIndex } from './search-index/run.js';
import { tellDifferences } from './search-index/tell-differences.js';

const HELP = `Compares the search index with the services, concert by concert.

  npm run verify-index

It asks the four services and the Elasticsearch that ELASTICSEARCH_URL names, and may run while both change: what differs is
looked at again after five seconds. Each difference is a line with the id, what is wrong (missing, older, extra, newer) and
the versions of the concert, its band, its venue and its event on either side.

Exit code: 0 when there is no difference, 1 when there is one, 2 for a wrong command or when they cannot be compared,
78 for a wrong configuration, 130 when it was interrupted.
`;

process.exitCode = await runOnIndex(HELP, async ({ parts, services, signal, alive }: OnIndex) => {
  const index = await parts.indices.current();
  if (index === undefined) throw new Fault('NotFound', 'there is no search index yet: the indexer makes it, or npm run reindex');
  const storeIds = await services.storeIds();
  const stored = await parts.indices.readCheckpoint(index);
  if (stored && !serviceNames.every((service) => stored.checkpoint.feeds[service].storeId === storeIds[service])) {
    process.stdout.write('the index was filled from other stores than the services have now; the indexer fills it anew\n');
    return EXIT_FAULTS;
  }
  const bar = new ConcertProgress('comparing', await services.countConcerts());
  const verification = await verify({ ground: parts, services, indices: parts.indices, index, storeIds }, signal, (compared) => {
    alive();
    bar.show('comparing', compared);
  }).finally(bar.end);
  tellDifferences(verification);
  return verification.differences.length === 0 ? 0 : EXIT_FAULTS;
});
