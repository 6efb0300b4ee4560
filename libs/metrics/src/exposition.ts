import { AggregatorRegistry, Registry } from 'prom-client';
import type { MetricFamily } from '#contracts';

export const METRICS_MEDIA_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The text that Prometheus reads, of the families of several processes: each family once, with the values of all. Of
 * values with the same name and labels the first counts.
 */
export function exposition(families: readonly MetricFamily[]): Promise<string> {
  return AggregatorRegistry.aggregate([families.map((family) => ({ ...family, aggregator: 'first' }))]).metrics();
}
