import type { estypes } from '@elastic/elasticsearch';
import { MAX_PAGE_SIZE } from '#contracts';

/** Of mapping and settings: another one for each change that documents of before, or their readers, do not fit. */
export const INDEX_VERSION = 2;

/** What one search may ask for at most: a page, and the one that tells whether another follows. */
export const MAX_RESULT_WINDOW = MAX_PAGE_SIZE + 1;

/** Of the number in a name: epoch milliseconds sort as text, until the year 2286. */
const COUNT_DIGITS = 13;

/** How what belongs to one installation is called in Elasticsearch. */
export interface IndexNames {
  /** Names the one index that is read, and shows searches its live concerts alone. */
  alias: string;
  template: string;
  /** Matches every index, of each version. */
  pattern: string;
  /** Matches those of this version. */
  patternOfVersion: string;
}

export const indexNames = (alias: string): IndexNames => ({
  alias,
  template: alias,
  pattern: `${alias}.v*`,
  patternOfVersion: `${alias}.v${INDEX_VERSION}.*`,
});

/** @param count from 1 on */
export const nameOfIndex = (alias: string, count: number): string =>
  `${alias}.v${INDEX_VERSION}.${String(count).padStart(COUNT_DIGITS, '0')}`;

/** Which one of this version it is; nothing for any other name. */
export function countOfIndex(alias: string, name: string): number | undefined {
  const count = Number(name.slice(name.lastIndexOf('.') + 1));
  return Number.isSafeInteger(count) && count > 0 && nameOfIndex(alias, count) === name ? count : undefined;
}

/** Whether an index of this version is called so. */
export const isIndexName = (alias: string, name: string): boolean => countOfIndex(alias, name) !== undefined;

/**
 * A name that no index has, higher than each, nor ever had: what is still on its way to one that was removed must not
 * reach another.
 * @param names of all there are @param now epoch milliseconds
 */
export const nextIndexName = (alias: string, names: readonly string[], now: number): string =>
  nameOfIndex(alias, Math.max(now, ...names.map((name) => 1 + (countOfIndex(alias, name) ?? 0))));

/** Tombstones and the checkpoint have no `live`. */
export const LIVE_FILTER: estypes.QueryDslQueryContainer = { term: { live: true } };

const KEYWORD: estypes.MappingProperty = { type: 'keyword' };
const LONG: estypes.MappingProperty = { type: 'long' };
/** Read beside a hit, never searched for. */
const READ_VERSION: estypes.MappingProperty = { type: 'integer', index: false };
/** Kept as it came. */
const KEPT: estypes.MappingProperty = { type: 'object', enabled: false };

/** Above every pattern that somebody may have for all indices: of the templates that match, Elasticsearch takes one alone. */
const TEMPLATE_PRIORITY = 1_000;

const mappings: estypes.MappingTypeMapping = {
  // By it an index is known that was made here, and not by a write that came when there was none.
  _meta: { backline: INDEX_VERSION },
  dynamic: 'strict',
  properties: {
    live: { type: 'boolean' },
    // A number, for it is the tiebreak of an order: keywords would sort 9999, 999, 99.
    id: LONG,
    // Epoch milliseconds; a date would read four digits as a year.
    date: LONG,
    bandId: KEYWORD,
    venueId: KEYWORD,
    eventId: KEYWORD,
    status: KEYWORD,
    location: { type: 'geo_point' },
    concertVersion: READ_VERSION,
    bandVersion: READ_VERSION,
    venueVersion: READ_VERSION,
    eventVersion: READ_VERSION,
    deletedAt: LONG,
    parts: KEPT,
    checkpoint: KEPT,
  },
};

const settings: estypes.IndicesIndexSettings = {
  number_of_shards: 1,
  // A copy as soon as there is a second node; a cluster of one stays green.
  auto_expand_replicas: '0-1',
  // Who writes refreshes: what search finds must never be ahead of, nor far behind, what the indexer knows of.
  refresh_interval: '-1',
  max_result_window: MAX_RESULT_WINDOW,
  sort: { field: ['date', 'id'], order: ['desc', 'desc'], missing: ['_last', '_last'] },
};

/** With what an index is made: who wiped an Elasticsearch has wiped the template, too. */
export const indexBody: Pick<estypes.IndicesCreateRequest, 'settings' | 'mappings'> = { settings: { index: settings }, mappings };

/** Whether an index was made with that. */
export const isMadeHere = (meta: estypes.Metadata | undefined): boolean => meta?.['backline'] === INDEX_VERSION;

/** What matches every index of an installation: none is made by a write that comes too late, and none with an alias. */
export const indexTemplate = (alias: string): estypes.IndicesPutIndexTemplateRequest => ({
  name: indexNames(alias).template,
  index_patterns: [indexNames(alias).pattern],
  version: INDEX_VERSION,
  priority: TEMPLATE_PRIORITY,
  allow_auto_create: false,
  template: indexBody,
});
