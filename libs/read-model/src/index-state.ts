import type { Client } from '@elastic/elasticsearch';
import type { SearchIndexHealth } from '#contracts';
import { CHECKPOINT_DOCUMENT_ID, type CheckpointDocument, completeUntil, indexReason, isIndexName } from '#search-index';

/** How often the checkpoint is read: a read costs a millisecond, and the answers say an age that is so much too high. */
const READ_INTERVAL_MS = 500;
/** An index that takes longer to answer for one document is no help to who waits for a page. */
const READ_TIMEOUT_MS = 1_000;
/** An index that is further behind does not answer: whoever waits for what they wrote has tried again by then. */
export const MAX_DATA_AGE_MS = 10_000;
/** By no more than this do the clocks of services, indexer and gateway differ. */
export const MAX_CLOCK_SKEW_MS = 1_000;

/** One index, as its checkpoint says. */
export interface SearchedIndex {
  name: string;
  /** All that was committed before is found by searches: epoch milliseconds, minus infinity where that is not known. */
  completeUntil: number;
  /** Whether that is so for every concert: there is none that the index did not take. */
  isWhole: boolean;
}

/** The index behind the alias, or why it is not known. */
type Known = { index: SearchedIndex } | { detail: string };

/**
 * What the gateway knows of the search index: which one is behind the alias, and how far it is, read again and again in
 * the background, so that an Elasticsearch that is away costs no request its time.
 */
export class IndexState {
  private known: Known = { detail: 'it was not asked yet' };
  private timer: NodeJS.Timeout | undefined;
  private isReading = false;
  private told = '';

  constructor(
    private readonly client: Client,
    private readonly alias: string,
    private readonly logger: { info(fields: object, message: string): void },
  ) {}

  /** @returns when the first reading has ended, well or not */
  async open(): Promise<void> {
    this.timer = setInterval(() => void this.read(), READ_INTERVAL_MS).unref();
    await this.read();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** The index while it is new enough to answer. */
  get fresh(): SearchedIndex | undefined {
    return 'index' in this.known && this.health.state === 'fresh' ? this.known.index : undefined;
  }

  get health(): SearchIndexHealth {
    if ('detail' in this.known) return { state: 'unavailable', dataAgeMs: null, detail: this.known.detail };
    const ageMs = Date.now() - this.known.index.completeUntil;
    if (ageMs === Number.POSITIVE_INFINITY) return { state: 'filling', dataAgeMs: null };
    // By such a clock an index would seem new long after its indexer has died.
    if (ageMs < -MAX_CLOCK_SKEW_MS)
      return { state: 'unavailable', dataAgeMs: null, detail: 'the clock of its indexer is ahead of that of the gateway' };
    return { state: ageMs <= MAX_DATA_AGE_MS ? 'fresh' : 'behind', dataAgeMs: Math.max(0, ageMs) };
  }

  /** Reads the checkpoint now, unless that is being done. Never throws. */
  async read(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    this.known = await this.ask();
    this.isReading = false;
    this.tell();
  }

  private async ask(): Promise<Known> {
    try {
      // A GET by the alias finds what its filter hides from searches, and says which index that is in.
      const { _index, _source } = await this.client.get<CheckpointDocument>(
        { index: this.alias, id: CHECKPOINT_DOCUMENT_ID },
        { requestTimeout: READ_TIMEOUT_MS, signal: AbortSignal.timeout(READ_TIMEOUT_MS) },
      );
      const index = isIndexName(this.alias, _index) && _source && toSearchedIndex(_index, _source);
      return index ? { index } : { detail: 'it, or its checkpoint, is of a version that this gateway does not know' };
    } catch (error) {
      return { detail: indexReason(error) };
    }
  }

  /** One line whenever it begins or ceases to answer, or does not for another reason than before. */
  private tell(): void {
    const { health } = this;
    const told = `${health.state} ${health.detail}`;
    if (told === this.told) return;
    this.told = told;
    const answers = health.state === 'fresh' ? 'searches are answered from it' : 'the services answer searches';
    this.logger.info(health, `the search index is ${health.state}: ${answers}`);
  }
}

/** Nothing where the checkpoint has not the form that is known here. */
function toSearchedIndex(name: string, { checkpoint }: CheckpointDocument): SearchedIndex | undefined {
  try {
    const until = completeUntil(checkpoint);
    return Number.isNaN(until) ? undefined : { name, completeUntil: until, isWhole: checkpoint.putAside.length === 0 };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
