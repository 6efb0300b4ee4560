import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ElasticsearchConfig } from '#config';
import { ElasticsearchReadModel } from '#read-model';
import { openElasticsearch } from '#search-index';
import type { Rows } from '../bench/support/load-rows.js';
import { readModelConformance, type World } from '../libs/read-model/test/conformance.js';
import { makeWorld } from '../libs/read-model/test/world.js';
import { describeOnElasticsearch, type TestElasticsearch } from './support/elasticsearch.js';
import { goldens } from './support/goldens.js';
import { System } from './support/system.js';
import { TestIndex } from './support/test-index.js';

const LOAD_TIMEOUT_MS = 120_000;
const POLL_MS = 100;

const indices: TestIndex[] = [];
afterAll(async () => {
  for (const index of indices) await index.close();
});

/** A system whose gateway reads an index that holds all of the rows, and will be new enough until the tests are over. */
async function startIndexed(elasticsearch: TestElasticsearch, rows: Rows): Promise<{ system: System; alias: string }> {
  const config = elasticsearch.newConfig();
  const system = await System.start({
    READ_MODEL: 'elasticsearch',
    ELASTICSEARCH_URL: elasticsearch.url,
    ELASTICSEARCH_ALIAS: config.alias,
  });
  try {
    await system.load(rows);
    await fill(config, system);
    return { system, alias: config.alias };
  } catch (error) {
    await system.close();
    throw error;
  }
}

async function fill(config: ElasticsearchConfig, system: System): Promise<void> {
  const index = await TestIndex.create(config);
  indices.push(index);
  await index.fill(system);
  await index.keepComplete();
  const servedBy = async () => (await system.api.get('/concerts?bandIds=1&limit=1')).headers.get('served-by');
  while ((await servedBy()) !== 'elasticsearch') await sleep(POLL_MS);
}

describeOnElasticsearch('on Elasticsearch', (elasticsearch) => {
  readModelConformance('elasticsearch', async (world: World) => {
    const { system, alias } = await startIndexed(elasticsearch(), world);
    const client = await openElasticsearch({ ...elasticsearch().newConfig(), alias });
    return {
      readModel: new ElasticsearchReadModel(client, { name: alias, completeUntil: Date.now() }),
      close: async () => {
        await client.close();
        await system.close();
      },
    };
  });

  describe('a cursor', () => {
    const queries = [
      'latitude=48.857931&longitude=2.350144&radius=30&from=2015-01-01',
      'bandIds=1,2,3&sort=date&status=any',
      'venueIds=1501,1502,1503,1504,1505&sort=-date',
    ];
    let system: System;
    beforeAll(async () => {
      ({ system } = await startIndexed(elasticsearch(), makeWorld()));
    }, LOAD_TIMEOUT_MS);
    afterAll(() => system?.close());

    /** All pages, asked of both read models in turn. */
    async function pagesInTurn(query: string, first: 'services' | 'elasticsearch'): Promise<unknown[]> {
      const rows: unknown[] = [];
      let asked = first;
      for (let cursor: string | null = ''; cursor !== null; asked = asked === 'services' ? 'elasticsearch' : 'services') {
        const consistency = asked === 'services' ? 'strong' : 'fresh';
        const page = await system.api.get(
          `/concerts?${query}&limit=23&consistency=${consistency}${cursor && `&cursor=${cursor}`}`,
        );
        expect(page.headers.get('served-by')).toBe(asked);
        rows.push(page.body);
        cursor = page.headers.get('next-cursor');
      }
      return rows.flat();
    }

    test.each(queries)('that one read model began is continued by the other: %s', async (query) => {
      const whole = await system.api.rows(`/concerts?${query}&consistency=strong`);
      expect(whole.length).toBeGreaterThan(50);
      expect(await pagesInTurn(query, 'services')).toEqual(whole);
      expect(await pagesInTurn(query, 'elasticsearch')).toEqual(whole);
    });
  });

  goldens('from Elasticsearch', async (rows) => (await startIndexed(elasticsearch(), rows)).system);
});
