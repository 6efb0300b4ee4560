import type { Client } from '@elastic/elasticsearch';
import type { SearchIndexHealth } from '#contracts';
import { CHECKPOINT_DOCUMENT_ID, type Checkpoint, type CheckpointDocument, completeUntil, indexNames } from '#search-index';

/** How often the checkpoint is read: a read costs a millisecond, and the answers say an age that is so much too high. */
const READ_INTERVAL_MS = 500;
/** An index that takes longer to answer for one document is no help to who waits for a page. */
const READ_TIMEOUT_MS = 1_000;
/** An index that is further behind does not answer: whoever waits for what they wrote has tried again by then. */
export const MAX_DATA_AGE_MS = 10_000;

interface Known {
  /** Nothing while it cannot be read. */
  checkpoint?: Checkpoint;
  /** Why not. */
  detail?: string;
}

/**
 * What the gateway knows of how far the search index is: its checkpoint, read again and again in the background, so that
 * an Elasticsearch that is away costs no request its time.
 */
export class IndexState {
  private known: Known = { detail: 'it was not asked yet' };
  private timer: NodeJS.Timeout | undefined;
  private isReading = false;
  private told: SearchIndexHealth['state'] | undefined;

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

  /** All that was written before is found by searches: epoch milliseconds, minus infinity where that is not known. */
  get completeUntil(): number {
    return this.known.checkpoint ? completeUntil(this.known.checkpoint) : Number.NEGATIVE_INFINITY;
  }

  get isFresh(): boolean {
    return Date.now() - this.completeUntil <= MAX_DATA_AGE_MS;
  }

  get health(): SearchIndexHealth {
    const { checkpoint, detail } = this.known;
    if (!checkpoint) return { state: 'unavailable', dataAgeMs: null, ...(detail !== undefined && { detail }) };
    const dataAgeMs = Math.max(0, Date.now() - this.completeUntil);
    if (dataAgeMs === Number.POSITIVE_INFINITY) return { state: 'filling', dataAgeMs: null };
    return { state: this.isFresh ? 'fresh' : 'behind', dataAgeMs };
  }

  private async read(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    try {
      const { _source } = await this.client.get<CheckpointDocument>(
        { index: indexNames(this.alias).aliasOfAll, id: CHECKPOINT_DOCUMENT_ID },
        { requestTimeout: READ_TIMEOUT_MS },
      );
      this.known = _source ? { checkpoint: _source.checkpoint } : { detail: 'its checkpoint is empty' };
    } catch (error) {
      this.known = { detail: error instanceof Error ? error.message : String(error) };
    } finally {
      this.isReading = false;
    }
    this.tell();
  }

  /** One line whenever it begins or ceases to answer. */
  private tell(): void {
    const { health } = this;
    if (health.state === this.told) return;
    this.told = health.state;
    const answers = health.state === 'fresh' ? 'searches are answered from it' : 'the services answer searches';
    this.logger.info(health, `the search index is ${health.state}: ${answers}`);
  }
}
