import type { Client } from '@elastic/elasticsearch';
import type { ElasticsearchConfig } from '#config';

/** For any request that has no other: to make an index takes a second or two on a busy machine. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Opens no connection yet. Close it when done. The package is loaded here, since that takes a quarter of a second: only
 * who uses Elasticsearch shall wait for it.
 */
export async function openElasticsearch({ url, login, ca }: ElasticsearchConfig): Promise<Client> {
  const { Client } = await import('@elastic/elasticsearch');
  return new Client({
    node: url,
    ...(login && { auth: login }),
    ...(ca !== undefined && { tls: { ca } }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Who asks knows better whether to ask again, and when.
    maxRetries: 0,
    enableMetaHeader: false,
  });
}
