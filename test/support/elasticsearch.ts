import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type ElasticsearchConfig, readConfig, readTestEngines } from '#config';
import { indexNames, openElasticsearch } from '#search-index';
import { ELASTICSEARCH_HOME, OwnElasticsearch } from '../../bench/support/own-elasticsearch.js';

export { OwnElasticsearch };

const START_DEADLINE_MS = 200_000;

const { elasticsearchUrl, required } = readTestEngines();
const isHere = existsSync(`${ELASTICSEARCH_HOME}/jdk/bin/java`);

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

/**
 * A group of tests on a real Elasticsearch, which runs while they do. Where there is none it is skipped and says why; with
 * CI=true that is a failure. It takes ten seconds and a gigabyte: groups that can share one belong in one.
 */
export function describeOnElasticsearch(name: string, tests: (elasticsearch: () => TestElasticsearch) => void): void {
  const group = runs(name, elasticsearchUrl !== undefined || isHere) ? describe : describe.skip;
  group(name, () => {
    let elasticsearch: TestElasticsearch | undefined;
    beforeAll(async () => {
      elasticsearch = await startTestElasticsearch();
    }, START_DEADLINE_MS);
    afterAll(() => elasticsearch?.stop());
    tests(() => {
      if (!elasticsearch) throw new Error('Elasticsearch runs only while the tests do');
      return elasticsearch;
    });
  });
}

/** A group of tests that start, stop and kill servers of their own. */
export function describeWithOwnElasticsearch(name: string, tests: () => void): void {
  const group = runs(name, isHere) ? describe : describe.skip;
  group(name, tests);
}

function runs(name: string, isThere: boolean): boolean {
  if (isThere) return true;
  const reason = `${name}: there is no Elasticsearch here; \`make engines\` gets it, or ELASTICSEARCH_URL names one`;
  if (required) throw new Error(reason);
  process.stdout.write(`Skipped, ${reason}\n`);
  return false;
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
