import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { systemClock } from '#clock';
import type { Address, Config } from '#config';
import { startHttpApp } from '#http';
import { Metrics } from '#metrics';
import { CannotStart } from '#problem';
import { ElasticsearchIndices, Indexer, openElasticsearch } from '#search-index';
import { closeServices, connectServices, type Running } from '#serve';
import { IndexerModule } from './indexer.module.js';
import { bulkResults, indexerMetrics } from './indexer-metrics.js';

/** What is under way, and then its connections, end in less each, unless Elasticsearch or a service does not answer. */
const STOP_TIMEOUT_MS = 3_000;

const DESCRIPTION = 'How the search index is kept up to date. It has nothing to ask for but its health and its metrics.';

/** Starts the indexer: connects to the services and to Elasticsearch, which need not be there yet, and listens. */
export async function startIndexer(config: Config, logger: Logger): Promise<Running & { address: Address }> {
  const { elasticsearch, indexer: own, tombstoneRetentionMs } = config;
  if (!elasticsearch) throw new CannotStart('ELASTICSEARCH_URL is empty: the indexer has no Elasticsearch to fill');
  const metrics = new Metrics('indexer');
  const callers = connectServices(config, logger, metrics);
  const client = await openElasticsearch(elasticsearch);
  const { alias } = elasticsearch;
  const indices = new ElasticsearchIndices(client, alias);
  const indexer = new Indexer({
    callers,
    indices,
    alias,
    name: own.name,
    tombstoneRetentionMs,
    clock: systemClock,
    random: Math.random,
    wrote: bulkResults(metrics),
    logger,
  });
  indexerMetrics(metrics, indexer);
  const draining = new AbortController();
  let indexing: Promise<void> = Promise.resolve();
  const running = await startHttpApp({
    name: 'the indexer',
    module: IndexerModule.with({ indexer, indices, clients: callers, draining: draining.signal }),
    address: { host: config.host, port: own.port },
    logger,
    metrics,
    cacheControl: 'no-store',
    cors: { origins: config.corsOrigins, methods: ['GET', 'HEAD'], exposedHeaders: ['X-Request-Id'] },
    api: { title: 'Backline: indexer', description: DESCRIPTION },
    draining,
    free: async () => {
      // An Elasticsearch that hangs is not waited for; the lease runs out by itself then.
      await orInTime(Promise.allSettled([indexing]));
      closeServices(callers);
      await orInTime(client.close());
    },
  });
  indexing = indexer.run(draining.signal);
  return { ...running, failed: indexing };
}

const orInTime = (work: Promise<unknown>) => Promise.race([work, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
