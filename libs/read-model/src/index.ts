export { concertDetail, concertETag, concertRow } from './concert-row.js';
export { ElasticsearchReadModel } from './elasticsearch.js';
export { FreshOrStrong } from './fresh-or-strong.js';
export { IndexState } from './index-state.js';
export type {
  ConcertQuery,
  ConcertReadModel,
  Freshness,
  JoinedConcert,
  Part,
  Served,
  Stage,
} from './query.js';
export { essential, isOutage, possible, ServiceRecords } from './service-records.js';
export { SERVED_BY_SERVICES, ServicesReadModel } from './services.js';
