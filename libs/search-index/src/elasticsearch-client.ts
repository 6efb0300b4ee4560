import type { Client } from '@elastic/elasticsearch';
import type { ElasticsearchConfig } from '#config';

/** For any request that has no other: to make an index takes a second or two on a busy machine. */
const REQUEST_TIMEOUT_MS = 10_000;
/** The longest that any request asks for: a connection gives up then, whatever its request says. */
export const LONGEST_TIMEOUT_MS = 30_000;

/**
 * Opens no connection yet. Close it when done. The package is loaded here, since that takes a quarter of a second: only
 * who uses Elasticsearch shall wait for it.
 */
export async function openElasticsearch({ url, login, ca }: ElasticsearchConfig): Promise<Client> {
  const { Client } = await import('@elastic/elasticsearch');
  const client = new Client({
    node: url,
    ...(login && { auth: login }),
    ...(ca !== undefined && { tls: { ca } }),
    requestTimeout: LONGEST_TIMEOUT_MS,
    // Who asks knows better whether to ask again, and when.
    maxRetries: 0,
    enableMetaHeader: false,
  });
  // On the same connections, which end with it.
  return client.child({ requestTimeout: REQUEST_TIMEOUT_MS });
}
