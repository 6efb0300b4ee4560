import type { Logger } from 'pino';
import type { Config } from '#config';
import { type ConcertReadModel, ElasticsearchReadModel, FreshOrStrong, IndexState, ServicesReadModel } from '#read-model';
import { openElasticsearch } from '#search-index';
import type { ServiceClients } from '#serve';

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
  logger: Logger,
): Promise<OpenReadModel> {
  const services = new ServicesReadModel(clients);
  if (readModel === 'services' || !elasticsearch) return { readModel: services, close: async () => undefined };
  const client = await openElasticsearch(elasticsearch);
  const index = new IndexState(client, elasticsearch.alias);
  await index.open();
  return {
    readModel: new FreshOrStrong({
      services,
      elasticsearch: new ElasticsearchReadModel(client, elasticsearch.alias, index),
      index,
      logger,
    }),
    index,
    close: async () => {
      index.close();
      await client.close();
    },
  };
}
