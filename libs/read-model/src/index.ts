export { concertDetail, concertETag, concertRow } from './concert-row.js';
export { ElasticsearchReadModel } from './elasticsearch.js';
export { FreshOrStrong } from './fresh-or-strong.js';
export { IndexState } from './index-state.js';
export type {
  Asking,
  ConcertPage,
  ConcertQuery,
  ConcertReadModel,
  Freshness,
  JoinedConcert,
  Part,
  Served,
  Stage,
} from './query.js';
export { type Caller, type Callers, essential, isOutage, possible, ServiceRecords } from './service-records.js';
export { ServicesReadModel } from './services.js';
