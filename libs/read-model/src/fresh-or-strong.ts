import { setTimeout as sleep } from 'node:timers/promises';
import { remainingMs } from '#problem';
import type { ElasticsearchReadModel } from './elasticsearch.js';
import { type IndexState, MAX_DATA_AGE_MS } from './index-state.js';
import type { Asking, ConcertPage, ConcertQuery, ConcertReadModel, FoundConcerts, Freshness, Served } from './query.js';

/** Of what is left of a deadline the search index has this share; the rest is for the services, should it fail. */
const INDEX_SHARE = 0.5;
/** What the services have left when a change does not come in time. */
const SERVICES_RESERVE_MS = 500;
/** The indexer refreshes at most five times a second: looking more often than this would find nothing sooner. */
const POLL_MS = 50;

const ANY: Freshness = { consistency: 'fresh', afterChange: [] };

/** Why the services answered instead of the index: somebody wanted that, or the index could not. */
type Instead = 'strong' | 'behind' | 'not-shown' | 'failed';

interface Sources {
  services: ConcertReadModel;
  elasticsearch: ElasticsearchReadModel;
  index: IndexState;
  logger: { warn(fields: object, message: string): void };
  /** Is told of each reading: nothing when the index answers it. */
  answered(instead: Instead | undefined): void;
}

/** Answers from the search index while that is there and new enough for who asks, and else from the services. */
export class FreshOrStrong implements ConcertReadModel {
  constructor(private readonly sources: Sources) {}

  find(query: ConcertQuery, asking: Asking, freshness?: Freshness): Promise<ConcertPage> {
    return this.read((readModel, inTime) => readModel.find(query, inTime), asking, freshness);
  }

  byId(id: number, asking: Asking, freshness?: Freshness): Promise<FoundConcerts> {
    return this.read((readModel, inTime) => readModel.byId(id, inTime), asking, freshness);
  }

  private async read<A extends Served>(
    ask: (readModel: ConcertReadModel, asking: Asking) => Promise<A>,
    asking: Asking,
    { consistency, afterChange }: Freshness = ANY,
  ): Promise<A> {
    const { services, elasticsearch, index, answered } = this.sources;
    const instead = (reason: Instead) => {
      answered(reason);
      return ask(services, asking);
    };
    if (consistency === 'strong') return instead('strong');
    if (!index.isFresh) return instead('behind');
    try {
      if (!(await this.isShown(afterChange, asking))) return instead('not-shown');
      const answer = await ask(elasticsearch, withShare(asking));
      if (answer.dataAgeMs > MAX_DATA_AGE_MS) return instead('behind');
      answered(undefined);
      return answer;
    } catch (error) {
      this.sayFailed(error, asking);
    }
    return instead('failed');
  }

  private sayFailed(error: unknown, { requestId, traceId }: Asking): void {
    this.sources.logger.warn({ err: error, requestId, traceId }, 'the search index failed, the services answer');
  }

  /** Waits until searches show what was written, or until the services have to be asked. @returns whether they do */
  private async isShown(written: Freshness['afterChange'], asking: Asking): Promise<boolean> {
    const inTime = { ...asking, deadline: asking.deadline - SERVICES_RESERVE_MS };
    for (let missing = written; missing.length > 0; ) {
      if (remainingMs(inTime.deadline) === 0) return false;
      missing = await this.sources.elasticsearch.notShown(missing, inTime);
      if (missing.length > 0) await sleep(Math.min(POLL_MS, remainingMs(inTime.deadline)));
    }
    return true;
  }
}

const withShare = (asking: Asking): Asking => ({
  ...asking,
  deadline: Math.floor(Date.now() + INDEX_SHARE * remainingMs(asking.deadline)),
});
