import type { Logger } from 'pino';
import type { Config } from '#config';
import type { Metrics } from '#metrics';
import { type ConcertReadModel, FreshOrStrong, IndexState, ServicesReadModel } from '#read-model';
import { openElasticsearch } from '#search-index';
import type { ServiceClients } from '#serve';
import { answersCounter, indexAge } from './read-model-metrics.js';

/** The read model that the gateway answers from. */
export interface OpenReadModel {
  readModel: ConcertReadModel;
  /** How far the search index is, where there is one. */
  index?: IndexState;
  close(): Promise<void>;
}

/** Opens the read model that the configuration names. An Elasticsearch need not be there yet. */
export async function openReadModel(
  { readModel, elasticsearch }: Config,
  clients: ServiceClients,
  { logger, metrics }: { logger: Logger; metrics: Metrics },
): Promise<OpenReadModel> {
  const services = new ServicesReadModel(clients);
  if (readModel === 'services' || !elasticsearch) return { readModel: services, close: async () => undefined };
  const client = await openElasticsearch(elasticsearch);
  const index = new IndexState(client, elasticsearch.alias, logger);
  await index.open();
  indexAge(metrics, index);
  return {
    readModel: new FreshOrStrong({
      services,
      client,
      index,
      logger,
      answered: answersCounter(metrics),
    }),
    index,
    close: async () => {
      index.close();
      await client.close();
    },
  };
}
