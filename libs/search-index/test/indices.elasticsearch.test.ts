import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ElasticsearchConfig } from '#config';
import { CannotStart } from '#problem';
import { describeOnElasticsearch } from '../../../test/support/elasticsearch.js';
import { openElasticsearch } from '../src/elasticsearch-client.js';
import { ElasticsearchIndices } from '../src/elasticsearch-indices.js';
import { INDEX_VERSION, indexNames, indexTemplate, nameOfIndex } from '../src/index-definition.js';
import { checkpointOf, liveEntry, tombstone } from './entries.js';
import { indicesContract } from './indices.contract.js';

/** Elasticsearch's own idea of the time is this coarse. */
const CLOCK_STEP_MS = 500;

describeOnElasticsearch('indices in Elasticsearch', (elasticsearch) => {
  let config: ElasticsearchConfig;
  let client: Client;
  beforeAll(async () => {
    client = await openElasticsearch(elasticsearch().newConfig());
  });
  afterAll(() => client.close());
  beforeEach(() => {
    config = elasticsearch().newConfig();
  });

  indicesContract(async () => ({
    indices: new ElasticsearchIndices(client, config.alias),
    alias: config.alias,
    async forgetRemoved(index) {
      await client.indices.putSettings({ index, settings: { index: { gc_deletes: '1ms' } } });
      await sleep(CLOCK_STEP_MS);
    },
  }));

  describe('what Elasticsearch holds', () => {
    let indices: ElasticsearchIndices;
    let name = '';
    beforeEach(async () => {
      indices = new ElasticsearchIndices(client, config.alias);
      name = nameOfIndex(config.alias, 1);
      await indices.create(name);
    });

    async function idsBehind(alias: string): Promise<(string | undefined)[]> {
      const { hits } = await client.search({ index: alias, sort: ['date', 'id'] });
      return hits.hits.map(({ _id }) => _id);
    }

    test('the alias shows searches live concerts alone, and finds the checkpoint by its id', async () => {
      await indices.write(name, [liveEntry(1), tombstone(2, 1)]);
      await indices.storeCheckpoint(name, checkpointOf('a'), undefined);
      await indices.refresh(name);
      await indices.swapTo(name);
      expect(await idsBehind(config.alias)).toEqual(['1']);
      expect((await idsBehind(name)).toSorted()).toEqual(['1', '2', 'checkpoint']);
      expect(await client.get({ index: config.alias, id: 'checkpoint' })).toMatchObject({ _index: name, found: true });
    });

    test('a live concert is found by what is asked for, with all its parts', async () => {
      const entry = liveEntry(7);
      await indices.write(name, [entry]);
      await indices.refresh(name);
      const { hits } = await client.search({
        index: name,
        query: {
          bool: {
            filter: [
              { terms: { bandId: [3] } },
              { term: { venueId: 4 } },
              { term: { eventId: 5 } },
              { term: { status: 'scheduled' } },
              { range: { date: { gte: entry.concert.date, lte: entry.concert.date } } },
              { geo_distance: { distance: '1m', location: { lat: 52.5, lon: 13.4 } } },
            ],
          },
        },
      });
      const { concert, band, venue, event } = entry;
      expect(hits.hits).toMatchObject([{ _id: '7', _source: { id: 7, parts: { concert, band, venue, event } } }]);
    });

    test('reads by the alias never fail while it moves', async () => {
      const other = nameOfIndex(config.alias, 2);
      await indices.create(other);
      for (const each of [name, other]) {
        await indices.write(each, [liveEntry(1)]);
        await indices.refresh(each);
      }
      await indices.swapTo(name);
      let isMoving = true;
      let reads = 0;
      const reading = (async () => {
        for (; isMoving; reads++) expect(await idsBehind(config.alias)).toEqual(['1']);
      })();
      for (let round = 0; round < 5; round++) for (const each of [other, name]) await indices.swapTo(each);
      isMoving = false;
      await reading;
      expect(reads).toBeGreaterThan(0);
    });

    test('a document that the mapping does not take is refused, with the reason, and no other', async () => {
      const entry = liveEntry(1);
      const odd = { ...entry, venue: entry.venue && { ...entry.venue, latitude: 500 } };
      const [outcome, ...others] = await indices.write(name, [odd, liveEntry(2)]);
      expect(outcome).toEqual({ outcome: 'refused', reason: expect.stringContaining('location') });
      expect(others).toEqual([{ outcome: 'written' }]);
    });

    test('entries of more bytes than a bulk may have are all written, each with its outcome', async () => {
      const large = 'x'.repeat(3 * 1_024 * 1_024);
      const entries = [1, 2, 3, 4, 5].map((id) => {
        const entry = liveEntry(id);
        return { ...entry, concert: { ...entry.concert, url: large } };
      });
      await indices.write(name, [tombstone(4, 9)]);
      const written = { outcome: 'written' };
      expect(await indices.write(name, entries)).toEqual([written, written, written, { outcome: 'newer' }, written]);
    });

    test('an index that is blocked or closed takes its entries later', async () => {
      await client.indices.addBlock({ index: name, block: 'write' });
      expect(await indices.write(name, [liveEntry(1)])).toMatchObject([{ outcome: 'retry' }]);
      await client.indices.close({ index: name });
      expect(await indices.write(name, [liveEntry(1)])).toMatchObject([{ outcome: 'retry' }]);
    });

    test('what has such a name by chance, or is of another version, is not listed, and loses the alias', async () => {
      const { alias, template } = indexNames(config.alias);
      const strangers = [`${alias}.v${INDEX_VERSION}.backup`, `${alias}.v${INDEX_VERSION}.2`, `${alias}.v0.000009`];
      for (const index of strangers) await client.indices.create({ index, aliases: { [alias]: {} } });
      expect(await indices.names()).toEqual([name]);
      expect(await indices.current()).toBeUndefined();
      await indices.swapTo(name);
      expect(Object.keys(await client.indices.getAlias({ name: alias }))).toEqual([name]);
      for (const index of strangers) await client.indices.delete({ index });
      expect(template).toBe(alias);
    });

    test('what a late write makes in an Elasticsearch that was wiped is not taken for an index', async () => {
      await client.indices.delete({ index: name });
      await client.indices.deleteIndexTemplate({ name: indexNames(config.alias).template });
      await indices.write(name, [liveEntry(1)]);
      expect(await client.indices.exists({ index: name })).toBe(true);
      expect(await indices.names()).toEqual([]);
      const next = nameOfIndex(config.alias, 2);
      await indices.create(next);
      await indices.swapTo(next);
      expect(await indices.names()).toEqual([next]);
      expect(await indices.write(next, [liveEntry(1)])).toEqual([{ outcome: 'written' }]);
      await client.indices.delete({ index: name });
    });

    test('its mapping is ours also where somebody has a template for all indices', async () => {
      const greedy = `${config.alias}-greedy`;
      const pattern = [`${config.alias}.*`];
      const template = { mappings: { properties: { location: { type: 'keyword' as const } } } };
      await client.indices.putIndexTemplate({ name: greedy, index_patterns: pattern, priority: 500, template });
      const next = nameOfIndex(config.alias, 2);
      await indices.create(next);
      const { [next]: made } = await client.indices.getMapping({ index: next });
      expect(made?.mappings.properties?.['location']).toEqual({ type: 'geo_point' });
      expect(await indices.names()).toEqual([name, next]);
      await client.indices.deleteIndexTemplate({ name: greedy });
    });

    test('a template of a newer program is not replaced', async () => {
      await client.indices.putIndexTemplate({ ...indexTemplate(config.alias), version: INDEX_VERSION + 1 });
      await expect(indices.create(nameOfIndex(config.alias, 2))).rejects.toThrow(CannotStart);
      expect(await indices.names()).toEqual([name]);
    });
  });
});
