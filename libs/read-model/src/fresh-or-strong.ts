import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@elastic/elasticsearch';
import { remainingMs } from '#problem';
import type { CallContext } from '#rpc';
import { indexReason } from '#search-index';
import { ElasticsearchReadModel } from './elasticsearch.js';
import { type IndexState, MAX_CLOCK_SKEW_MS, MAX_DATA_AGE_MS, type SearchedIndex } from './index-state.js';
import type { ConcertPage, ConcertQuery, ConcertReadModel, FoundConcerts, Freshness } from './query.js';

/** Of what is left of a deadline the search index has this share; the rest is for the services, should it fail. */
const INDEX_SHARE = 0.5;
/** What the services have left when a change does not come in time. */
const SERVICES_RESERVE_MS = 500;
/** The first pause between two looks, and what a look takes at most; each is twice as long as the one before, up to the longest. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 400;
/** Readings that wait for a change at once: more would keep the index from its searches, and the services answer. */
const MAX_WAITING = 100;
/** While the index fails it may do so for each request: one line in this time says enough. */
const SAY_INTERVAL_MS = 5_000;

const ANY: Freshness = { consistency: 'fresh', afterChange: [] };

/** Why the services answered instead of the index: somebody wanted that, or the index could not. */
type Instead = 'strong' | 'behind' | 'not-shown' | 'failed';

interface Sources {
  services: ConcertReadModel;
  client: Client;
  index: IndexState;
  logger: { warn(fields: object, message: string): void };
  /** Is told of each reading: nothing when the index answers it. */
  answered(instead: Instead | undefined): void;
}

/** Answers from the search index while that is there and new enough for who asks, and else from the services. */
export class FreshOrStrong implements ConcertReadModel {
  private failureSaidAt = Number.NEGATIVE_INFINITY;
  private waiting = 0;

  constructor(private readonly sources: Sources) {}

  find(query: ConcertQuery, asking: CallContext, freshness?: Freshness): Promise<ConcertPage> {
    return this.read((readModel, inTime) => readModel.find(query, inTime), asking, freshness);
  }

  byId(id: number, asking: CallContext, freshness?: Freshness): Promise<FoundConcerts> {
    return this.read((readModel, inTime) => readModel.byId(id, inTime), asking, freshness);
  }

  private async read<A extends FoundConcerts>(
    ask: (readModel: ConcertReadModel, asking: CallContext) => Promise<A>,
    asking: CallContext,
    { consistency, afterChange }: Freshness = ANY,
  ): Promise<A> {
    const { services, index, answered } = this.sources;
    const instead = (reason: Instead) => {
      answered(reason);
      return ask(services, asking);
    };
    if (consistency === 'strong') return instead('strong');
    if (!index.fresh) return instead('behind');
    const began = performance.now();
    const tried = await this.fromIndex(ask, asking, afterChange);
    if (typeof tried === 'object') {
      answered(undefined);
      return tried;
    }
    const lost = { name: 'elasticsearch', durationMs: performance.now() - began };
    const answer = await instead(tried);
    return { ...answer, stages: [lost, ...answer.stages] };
  }

  /** The answer of the index, or why it has none. */
  private async fromIndex<A extends FoundConcerts>(
    ask: (readModel: ConcertReadModel, asking: CallContext) => Promise<A>,
    asking: CallContext,
    afterChange: Freshness['afterChange'],
  ): Promise<A | Instead> {
    const { client, index } = this.sources;
    try {
      const shown = await this.untilShown(afterChange, asking);
      if (!shown) return 'not-shown';
      const answer = await ask(new ElasticsearchReadModel(client, shown), withShare(asking));
      return answer.dataAgeMs > MAX_DATA_AGE_MS ? 'behind' : answer;
    } catch (error) {
      this.sayFailed(error, asking);
      // Another index may have taken its place.
      void index.read();
      return 'failed';
    }
  }

  private sayFailed(error: unknown, { requestId, traceId }: CallContext): void {
    const now = performance.now();
    if (now - this.failureSaidAt < SAY_INTERVAL_MS) return;
    this.failureSaidAt = now;
    const reason = indexReason(error);
    this.sources.logger.warn({ reason, requestId, traceId }, 'the search index failed, the services answer');
  }

  /**
   * Waits until searches show what was written, or until the services have to be asked.
   * @returns the index whose searches show it: one that takes its place may not yet
   */
  private async untilShown(written: Freshness['afterChange'], asking: CallContext): Promise<SearchedIndex | undefined> {
    const { index } = this.sources;
    // What is named was committed before. An index that has all of that shows it, even where there is nothing to find.
    const enoughUntil = Date.now() + MAX_CLOCK_SKEW_MS;
    const isEnough = ({ isWhole, completeUntil }: SearchedIndex) => isWhole && completeUntil >= enoughUntil;
    if (written.length === 0 || (index.fresh && isEnough(index.fresh))) return index.fresh;
    if (this.waiting >= MAX_WAITING) return undefined;
    this.waiting++;
    try {
      return await this.whenShown(written, isEnough, { ...asking, deadline: asking.deadline - SERVICES_RESERVE_MS });
    } finally {
      this.waiting--;
    }
  }

  private async whenShown(
    written: Freshness['afterChange'],
    isEnough: (index: SearchedIndex) => boolean,
    inTime: CallContext,
  ): Promise<SearchedIndex | undefined> {
    const { client, index } = this.sources;
    let left = written;
    let askedIn: string | undefined;
    for (let pauseMs = FIRST_PAUSE_MS; index.fresh; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const { fresh } = index;
      if (isEnough(fresh)) return fresh;
      // With less left to answer in, it would seem to have failed.
      if (remainingMs(inTime.deadline) < FIRST_PAUSE_MS) return undefined;
      // Another index may not yet show what the one before did.
      left = await new ElasticsearchReadModel(client, fresh).notShown(fresh.name === askedIn ? left : written, inTime);
      if (left.length === 0) return fresh;
      askedIn = fresh.name;
      // The last look is just before the end.
      await sleep(Math.max(1, Math.min(pauseMs, remainingMs(inTime.deadline) - FIRST_PAUSE_MS)));
    }
    return undefined;
  }
}

const withShare = (asking: CallContext): CallContext => ({
  ...asking,
  deadline: Math.floor(Date.now() + INDEX_SHARE * remainingMs(asking.deadline)),
});
