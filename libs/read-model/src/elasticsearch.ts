import type { Client, estypes } from '@elastic/elasticsearch';
import type { DateKey, WrittenVersion } from '#contracts';
import { circleTest, distanceFrom } from '#geo';
import { Fault, remainingMs } from '#problem';
import type { CallContext } from '#rpc';
import { type LiveDocument, MAX_RESULT_WINDOW } from '#search-index';
import { withReserve } from './deadline.js';
import { searchBody, searchByIdBody, versionSearch } from './elasticsearch-query.js';
import type { SearchedIndex } from './index-state.js';
import { hasLocalDate, isInLocalRange, UNKNOWN_ZONE } from './local-range.js';
import type { ConcertPage, ConcertQuery, ConcertReadModel, FoundConcerts, JoinedConcert, Served } from './query.js';
import { Stages } from './stages.js';

/**
 * The read model that asks a search index, where each concert stands joined with its parts. It asks by the name of the
 * index: an alias may come to name one that has another age, between two searches or since the age was read. Whatever goes
 * wrong there is thrown as it is.
 */
export class ElasticsearchReadModel implements ConcertReadModel {
  constructor(
    private readonly client: Client,
    private readonly index: Pick<SearchedIndex, 'name' | 'completeUntil'>,
  ) {}

  /** What the index finds may be a little more than what matches: what does not is left out, and the page refilled. */
  async find(query: ConcertQuery, asking: CallContext): Promise<ConcertPage> {
    const inTime = withReserve(asking);
    const stages = new Stages();
    const isMatch = exactly(query);
    const wanted = query.limit + 1;
    const found: JoinedConcert[] = [];
    let after = query.after;
    for (let size = Math.min(wanted, MAX_RESULT_WINDOW); size > 0; ) {
      const chunk = await stages.time('elasticsearch', this.search(searchBody(query, { size, after }), inTime));
      const matches = chunk.filter(isMatch);
      found.push(...matches);
      after = keyOf(chunk.at(-1));
      const missing = chunk.length < size ? 0 : wanted - found.length;
      // Where little was left, as on the days beside a festival, each refill asks for more than the one before.
      size = Math.min(MAX_RESULT_WINDOW, missing > 0 && matches.length < size / 2 ? Math.max(missing, 2 * size) : missing);
    }
    const concerts = found.slice(0, query.limit);
    return {
      ...servedFrom(this.index),
      concerts: query.circle ? concerts.map(withDistanceFrom(query.circle)) : concerts,
      next: found.length > query.limit ? keyOf(concerts.at(-1)) : undefined,
      missing: [],
      stages: stages.list,
    };
  }

  async byId(id: number, asking: CallContext): Promise<FoundConcerts> {
    const stages = new Stages();
    const concerts = await stages.time('elasticsearch', this.search(searchByIdBody(id), withReserve(asking)));
    return { ...servedFrom(this.index), concerts, missing: [], stages: stages.list };
  }

  /** Those of some versions that searches do not show yet, nor one behind them. */
  async notShown(written: readonly WrittenVersion[], asking: CallContext): Promise<WrittenVersion[]> {
    const asked = written.map(versionSearch);
    const header = { index: this.index.name, preference: sameCopyFor(asking) };
    const { responses } = await this.client.msearch({ searches: asked.flatMap(({ body }) => [header, body]) }, within(asking));
    return written.filter((_, position) => {
      const response = responses[position];
      if (!response || 'error' in response) throw new Fault('Unavailable', 'the search index did not answer every search');
      const isFound = response.hits.hits.length > 0;
      return isFound !== (asked[position]?.isThereWhen === 'found');
    });
  }

  /** @param body nothing where nothing can match */
  private async search(body: estypes.SearchRequest | undefined, asking: CallContext): Promise<JoinedConcert[]> {
    if (!body) return [];
    const { hits } = await this.client.search<LiveDocument>(
      { ...body, index: this.index.name, preference: sameCopyFor(asking), allow_partial_search_results: false },
      within(asking),
    );
    return hits.hits.map(({ _source }) => {
      if (!_source) throw new Fault('Internal', 'the search index answered without the documents');
      return _source.parts;
    });
  }
}

/** When the time is over the connection is cut, and with it Elasticsearch's work. */
function within({ deadline }: CallContext): { requestTimeout: number; signal: AbortSignal } {
  const requestTimeout = remainingMs(deadline);
  if (requestTimeout === 0) throw new Fault('Timeout', 'the deadline passed before the search index was asked');
  // The client's own time-out ends when an answer begins.
  return { requestTimeout, signal: AbortSignal.timeout(requestTimeout) };
}

/** All searches of a request go to one copy of the index: another one may be refreshed a little later. */
const sameCopyFor = ({ requestId }: CallContext): string => `request-${requestId}`;

const servedFrom = ({ completeUntil }: Pick<SearchedIndex, 'completeUntil'>): Served => ({
  servedBy: 'elasticsearch',
  dataAgeMs: Math.max(0, Date.now() - completeUntil),
});

/** Decides by what the index cannot: whether a concert is inside the very circle and on the asked days of its venue. */
function exactly(query: ConcertQuery): (concert: JoinedConcert) => boolean {
  const isInside = query.circle && circleTest(query.circle);
  const isLocal = hasLocalDate(query);
  return ({ concert, venue }) =>
    (!isInside || (venue !== null && isInside(venue))) &&
    (!isLocal || isInLocalRange(query, concert.date, venue?.timeZone ?? UNKNOWN_ZONE));
}

function withDistanceFrom(center: NonNullable<ConcertQuery['circle']>): (joined: JoinedConcert) => JoinedConcert {
  const distanceTo = distanceFrom(center);
  return (joined) => ({ ...joined, ...(joined.venue && { distanceKm: distanceTo(joined.venue) }) });
}

const keyOf = (joined: JoinedConcert | undefined): DateKey | undefined =>
  joined && { date: joined.concert.date, id: joined.concert.id };
