import type { Client, estypes } from '@elastic/elasticsearch';
import { CannotStart, Fault } from '#problem';
import type { Checkpoint } from './checkpoint.js';
import {
  CheckpointConflict,
  type CheckpointPosition,
  type ConcertIndices,
  composedVersion,
  type FoundEntry,
  type IndexEntry,
  IndexGone,
  type StoredCheckpoint,
  type WriteOutcome,
} from './concert-index.js';
import { LONGEST_TIMEOUT_MS } from './elasticsearch-client.js';
import { isDocumentMissing, refusalOf, toIndexError } from './elasticsearch-faults.js';
import {
  countOfIndex,
  INDEX_VERSION,
  type IndexNames,
  indexBody,
  indexNames,
  indexTemplate,
  isMadeHere,
  LIVE_FILTER,
} from './index-definition.js';
import { CHECKPOINT_DOCUMENT_ID, type CheckpointDocument, toDocument } from './index-document.js';

/** Elasticsearch refuses 100 MB, and this much at once is already as quick as it gets. */
const MAX_BULK_BYTES = 8 * 1_024 * 1_024;
/** Eight megabytes on a busy machine. */
const BULK_TIMEOUT_MS = 20_000;
/** A full buffer of new documents on a busy machine: five seconds for 100,000 were seen. */
const REFRESH_TIMEOUT_MS = LONGEST_TIMEOUT_MS;
/** Shorter than any lease that is renewed by it. */
const CHECKPOINT_TIMEOUT_MS = 4_000;
/** How long Elasticsearch itself waits for a shard that is just being opened; within each of the above. */
const SHARD_TIMEOUT = '3s';
/** The states of a concert as the answer to a search names them, which reads no document for it. */
const VERSION_FIELDS = ['concertVersion', 'bandVersion', 'venueVersion', 'eventVersion'] as const;

/** The indices in an Elasticsearch. */
export class ElasticsearchIndices implements ConcertIndices {
  readonly #names: IndexNames;

  constructor(
    private readonly client: Client,
    private readonly alias: string,
  ) {
    this.#names = indexNames(alias);
  }

  async current(): Promise<string | undefined> {
    const found = await this.#aliases();
    return found.findLast(({ aliases }) => aliases.includes(this.#names.alias))?.name;
  }

  async names(): Promise<string[]> {
    return (await this.#aliases()).map(({ name }) => name);
  }

  async create(name: string): Promise<boolean> {
    await this.#putTemplate();
    try {
      await this.client.indices.create({ index: name, ...indexBody });
      return true;
    } catch (error) {
      if (refusalOf(error)?.type === 'resource_already_exists_exception') return false;
      throw toIndexError(error);
    }
  }

  async swapTo(name: string): Promise<void> {
    const { alias, pattern } = this.#names;
    const actions: estypes.IndicesUpdateAliasesAction[] = [
      // Where no index has it yet, there is nothing to remove.
      { remove: { index: pattern, aliases: [alias], must_exist: false } },
      { add: { index: name, alias, filter: LIVE_FILTER } },
    ];
    await asked(this.client.indices.updateAliases({ actions }));
  }

  async remove(name: string): Promise<void> {
    await asked(this.client.indices.delete({ index: name, ignore_unavailable: true }));
  }

  async write(name: string, entries: readonly IndexEntry[]): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const operations of bulksOf(entries)) outcomes.push(...(await this.#outcomesOf(name, operations)));
    if (outcomes.length !== entries.length)
      throw new Fault('Unavailable', 'Elasticsearch did not answer for each entry of a bulk');
    return outcomes;
  }

  async #outcomesOf(name: string, operations: string[]): Promise<WriteOutcome[]> {
    try {
      return (await this.#bulk(name, operations)).map(outcomeOf);
    } catch (error) {
      // A proxy on the way takes less at once; of less than one entry there is nothing.
      const isOneTooLarge = error instanceof Fault && refusalOf(error.cause)?.status === 413 && operations.length === 2;
      if (!isOneTooLarge) throw error;
      return [{ outcome: 'refused', reason: error.detail }];
    }
  }

  async refresh(name: string): Promise<void> {
    const { _shards } = await asked(this.client.indices.refresh({ index: name }, { requestTimeout: REFRESH_TIMEOUT_MS }));
    // A shard that is not there is no failure to Elasticsearch, but what was written to it is not found either.
    if (!_shards || _shards.failed > 0 || _shards.successful === 0)
      throw new Fault('Unavailable', `Elasticsearch could not refresh the index ${name}`);
  }

  async readCheckpoint(name: string): Promise<StoredCheckpoint | undefined> {
    try {
      const document = await this.client.get<CheckpointDocument>(
        { index: name, id: CHECKPOINT_DOCUMENT_ID },
        { requestTimeout: CHECKPOINT_TIMEOUT_MS },
      );
      return document._source && { checkpoint: document._source.checkpoint, position: positionOf(document) };
    } catch (error) {
      if (isDocumentMissing(error)) return undefined;
      throw toIndexError(error);
    }
  }

  async storeCheckpoint(
    name: string,
    checkpoint: Checkpoint,
    position: CheckpointPosition | undefined,
  ): Promise<CheckpointPosition> {
    const condition: Pick<estypes.IndexRequest, 'if_seq_no' | 'if_primary_term' | 'op_type'> = position
      ? { if_seq_no: position.seqNo, if_primary_term: position.primaryTerm }
      : { op_type: 'create' };
    const document: CheckpointDocument = { checkpoint };
    try {
      const written = await this.client.index(
        { index: name, id: CHECKPOINT_DOCUMENT_ID, document, timeout: SHARD_TIMEOUT, ...condition },
        { requestTimeout: CHECKPOINT_TIMEOUT_MS },
      );
      return positionOf(written);
    } catch (error) {
      if (refusalOf(error)?.type === 'version_conflict_engine_exception')
        throw new CheckpointConflict(`the checkpoint of the index ${name} was written by another`);
      throw toIndexError(error);
    }
  }

  /** @param limit at most `MAX_RESULT_WINDOW` */
  async entriesAfter(name: string, afterId: number, limit: number): Promise<FoundEntry[]> {
    const hits = await this.#search({
      index: name,
      query: { range: { id: { gt: afterId } } },
      sort: [{ id: 'asc' }],
      size: limit,
      docvalue_fields: ['id', 'live', ...VERSION_FIELDS],
    });
    return hits.map(({ fields = {} }) => toFoundEntry(fields));
  }

  async removeTombstones(name: string, deletedBefore: number, limit: number): Promise<number> {
    const hits = await this.#search({
      index: name,
      query: { range: { deletedAt: { lt: deletedBefore } } },
      sort: ['_doc'],
      size: limit,
      seq_no_primary_term: true,
    });
    if (hits.length === 0) return 0;
    const items = await this.#bulk(
      name,
      hits.map(({ _id, _seq_no, _primary_term }) =>
        toLine({ delete: { _id, if_seq_no: _seq_no, if_primary_term: _primary_term } }),
      ),
    );
    return items.filter(({ status }) => status === 200).length;
  }

  /** The indices of this version, oldest first: what else has such a name is not ours. */
  async #aliases(): Promise<{ name: string; aliases: string[] }[]> {
    const found = await asked(
      this.client.indices.get({
        index: this.#names.patternOfVersion,
        expand_wildcards: 'all',
        filter_path: ['*.aliases', '*.mappings._meta'],
      }),
    );
    return Object.entries(found)
      .filter(([, { mappings }]) => isMadeHere(mappings?._meta))
      .map(([name, { aliases = {} }]) => ({ name, aliases: Object.keys(aliases), count: countOfIndex(this.alias, name) ?? 0 }))
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => a.count - b.count);
  }

  async #putTemplate(): Promise<void> {
    const template = indexTemplate(this.alias);
    // Where no name is like it, the list of them comes with a 404.
    const { index_templates = [] } = await asked(
      this.client.indices.getIndexTemplate({ name: `${template.name}*` }, { ignore: [404] }),
    );
    const there = index_templates.find(({ name }) => name === template.name)?.index_template.version ?? 0;
    if (Number(there) > INDEX_VERSION)
      throw new CannotStart(
        `the index template ${template.name} in Elasticsearch is of version ${there}, and this program knows ${INDEX_VERSION}: ` +
          'use the newer program, or remove the template',
      );
    await asked(this.client.indices.putIndexTemplate(template));
  }

  async #search(request: estypes.SearchRequest): Promise<estypes.SearchHit[]> {
    const { hits } = await asked(
      this.client.search({ _source: false, track_total_hits: false, allow_partial_search_results: false, ...request }),
    );
    return hits.hits;
  }

  /** @param operations the lines of a bulk @returns a result for each of what they say to do, in their order */
  async #bulk(name: string, operations: string[]): Promise<estypes.BulkResponseItem[]> {
    const { items = [] } = await asked(
      this.client.bulk<string>(
        {
          index: name,
          operations,
          timeout: SHARD_TIMEOUT,
          // The rest of an answer to a thousand documents is 200 KB that nobody reads.
          filter_path: ['items.*.status', 'items.*.error.type', 'items.*.error.reason'],
          include_source_on_error: false,
        },
        { requestTimeout: BULK_TIMEOUT_MS },
      ),
    );
    const results = items.flatMap((item) => Object.values(item));
    const gone = results.find(({ error }) => error?.type === 'index_not_found_exception');
    if (gone) throw new IndexGone(`there is no index ${name}`);
    return results;
  }
}

/** Waits for an answer. @throws what went wrong, in our words */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toIndexError(error);
  }
}

/** The lines of the bulks that write these entries, each bulk within the bound. */
function* bulksOf(entries: readonly IndexEntry[]): Generator<string[]> {
  let operations: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const action = toLine({
      index: { _id: String(entry.id), version: composedVersion(entry.versions), version_type: 'external' },
    });
    const document = JSON.stringify(toDocument(entry));
    const added = action.length + Buffer.byteLength(document);
    if (bytes + added > MAX_BULK_BYTES && operations.length > 0) {
      yield operations;
      operations = [];
      bytes = 0;
    }
    operations.push(action, document);
    bytes += added;
  }
  if (operations.length > 0) yield operations;
}

const toLine = (action: estypes.BulkOperationContainer): string => JSON.stringify(action);

/** Only what is wrong with the document itself is refused: anything else passes. */
function outcomeOf({ status, error }: estypes.BulkResponseItem): WriteOutcome {
  if (status < 300) return { outcome: 'written' };
  if (status === 409) return { outcome: 'newer' };
  const type = error?.type ?? 'unknown';
  const isRefused = status === 400 && type !== 'index_closed_exception';
  return { outcome: isRefused ? 'refused' : 'retry', reason: `${type}: ${error?.reason ?? 'without a reason'}` };
}

/** @param fields the doc values of a hit: lists, and none for a field that the document has not */
function toFoundEntry(fields: Record<string, unknown>): FoundEntry {
  const first = (name: string): unknown => {
    const values = fields[name];
    return Array.isArray(values) ? values[0] : undefined;
  };
  const [concert = 0, band = 0, venue = 0, event = 0] = VERSION_FIELDS.map((name) => Number(first(name)));
  return { id: Number(first('id')), versions: { concert, band, venue, event }, isLive: first('live') === true };
}

function positionOf({ _seq_no, _primary_term }: { _seq_no?: number; _primary_term?: number }): CheckpointPosition {
  if (_seq_no === undefined || _primary_term === undefined)
    throw new Fault('Unavailable', 'the answer of Elasticsearch does not say which state of the checkpoint it is of');
  return { seqNo: _seq_no, primaryTerm: _primary_term };
}
