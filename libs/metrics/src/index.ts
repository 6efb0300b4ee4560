export { exposition, METRICS_MEDIA_TYPE } from './exposition.js';
export { COLLECT_TIMEOUT_MS, DURATION_BUCKETS_SECONDS, Metrics, type Reading } from './metrics.js';
