export { concertDetail, concertETag, concertRow } from './concert-row.js';
export type { Asking, ConcertPage, ConcertQuery, ConcertReadModel, JoinedConcert, Part, Stage } from './query.js';
export { type Caller, type Callers, essential, isOutage, possible, ServiceRecords } from './service-records.js';
export { ServicesReadModel } from './services.js';
