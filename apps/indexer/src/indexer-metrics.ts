import { Counter } from 'prom-client';
import { serviceNames } from '#config';
import type { Metrics } from '#metrics';
import { dataAgeMs, type Indexer, type Outcomes } from '#search-index';

const MS_PER_SECOND = 1_000;

/** What the indexer tells of the index that it leads; nothing of one that another leads. */
export function indexerMetrics(metrics: Metrics, indexer: Indexer): void {
  metrics.readGauge({ name: 'backline_indexer_leading', help: 'Whether this indexer leads the index.' }, () => [
    { value: indexer.leader ? 1 : 0 },
  ]);
  metrics.readGauge(
    { name: 'backline_index_lag_changes', help: 'Changes that were read from the feeds, and are not findable yet.' },
    () => (indexer.leader ? [{ value: indexer.leader.changesBehind }] : []),
  );
  metrics.readGauge({ name: 'backline_index_lag_seconds', help: 'How old what searches find may be.' }, () => {
    const ageMs = indexer.leader && dataAgeMs(indexer.leader.checkpoint);
    return ageMs === undefined ? [] : [{ value: ageMs / MS_PER_SECOND }];
  });
  metrics.readGauge(
    {
      name: 'backline_feed_lag_seconds',
      help: 'Since when the end of a feed was not read.',
      labelNames: ['feed'],
    },
    () =>
      serviceNames.flatMap((feed) => {
        // 0 until the feed was once read to its end.
        const endReadAt = indexer.leader?.checkpoint.feeds[feed].endReadAt;
        return endReadAt ? [{ labels: { feed }, value: Math.max(0, Date.now() - endReadAt) / MS_PER_SECOND }] : [];
      }),
  );
  metrics.readGauge({ name: 'backline_index_fan_out_jobs', help: 'Parts whose many concerts are composed anew.' }, () =>
    indexer.leader ? [{ value: indexer.leader.checkpoint.jobs.length }] : [],
  );
  metrics.readGauge({ name: 'backline_index_put_aside', help: 'Concerts that the index does not take.' }, () =>
    indexer.leader ? [{ value: indexer.leader.checkpoint.putAside.length }] : [],
  );
}

/** Counts what became of the documents that were sent to Elasticsearch. */
export function bulkResults({ registry }: Metrics): (outcomes: Outcomes) => void {
  const results = new Counter({
    name: 'backline_index_bulk_results_total',
    help: 'Documents that were sent to the index, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return (outcomes) => {
    for (const [outcome, count] of Object.entries(outcomes)) results.inc({ outcome }, count);
  };
}
