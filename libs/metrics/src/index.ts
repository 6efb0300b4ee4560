export { exposition, METRICS_MEDIA_TYPE } from './exposition.js';
export { DURATION_BUCKETS_SECONDS, Metrics } from './metrics.js';
