import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type ElasticsearchConfig, readConfig, readTestEngines } from '#config';
import { indexNames, openElasticsearch } from '#search-index';
import { ELASTICSEARCH_HOME, OwnElasticsearch } from '../../bench/support/own-elasticsearch.js';
import { engineGroups } from './engine-groups.js';

const { elasticsearchUrl } = readTestEngines();

/**
 * Groups of tests on an Elasticsearch, and with Elasticsearches of their own. One takes ten seconds and a gigabyte: groups
 * that can share one belong in one.
 */
export const { describeOn: describeOnElasticsearch, describeWithOwn: describeWithOwnElasticsearch } = engineGroups({
  name: 'Elasticsearch',
  hint: 'ELASTICSEARCH_URL names one',
  isHere: existsSync(`${ELASTICSEARCH_HOME}/jdk/bin/java`),
  url: elasticsearchUrl,
  start: startTestElasticsearch,
  startDeadlineMs: 200_000,
});

/** An Elasticsearch for one test file. */
export interface TestElasticsearch {
  /** Its URL, with user and password if it wants them: what ELASTICSEARCH_URL would be. */
  url: string;
  /** How the server is reached, with an alias that nobody else has. */
  newConfig(): ElasticsearchConfig;
  stop(): Promise<void>;
}

/** The server that ELASTICSEARCH_URL names, under aliases of their own that are removed at the end; else one that is started. */
async function startTestElasticsearch(): Promise<TestElasticsearch> {
  const own = elasticsearchUrl === undefined ? await OwnElasticsearch.start() : undefined;
  const url = elasticsearchUrl ?? own?.url ?? '';
  const prefix = `backline-test-${randomUUID().slice(0, 8)}`;
  return {
    url,
    newConfig: () => configOf(url, `${prefix}-${randomUUID().slice(0, 8)}`),
    stop: () => own?.stop() ?? removeAll(configOf(url, prefix)),
  };
}

/** The way that a server is reached when the variables name it. */
export function configOf(url: string, alias: string): ElasticsearchConfig {
  const { elasticsearch } = readConfig({ ELASTICSEARCH_URL: url, ELASTICSEARCH_ALIAS: alias });
  if (!elasticsearch) throw new Error('there is no URL of an Elasticsearch');
  return elasticsearch;
}

/** Indices, aliases and templates whose alias begins like this one. */
async function removeAll(config: ElasticsearchConfig): Promise<void> {
  const client = await openElasticsearch(config);
  try {
    // Not by a wildcard: a server may forbid to remove by one.
    const found = await client.indices.getAlias({ index: `${config.alias}-*` });
    for (const index of Object.keys(found)) await client.indices.delete({ index, ignore_unavailable: true });
    const templates = `${indexNames(config.alias).template}-*`;
    const { index_templates = [] } = await client.indices.getIndexTemplate({ name: templates }, { ignore: [404] });
    for (const { name } of index_templates) await client.indices.deleteIndexTemplate({ name });
  } finally {
    await client.close();
  }
}
