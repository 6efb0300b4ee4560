import { Controller, type Type } from '@nestjs/common';
import type { ServiceName } from '#config';
import { metricsCalls } from '#contracts';
import type { Metrics } from '#metrics';
import { Answers } from '#rpc';
import type { RecordStore } from '#store';

/** The controller that answers a service's call for its metrics. */
export function metricsController(name: ServiceName, metrics: Metrics): Type {
  @Controller()
  class MetricsController {
    @Answers(metricsCalls[name])
    async metrics() {
      return { items: await metrics.families() };
    }
  }
  return MetricsController;
}

/** What there is to tell of the store of a service. */
export function storeMetrics(metrics: Metrics, store: Pick<RecordStore<unknown, unknown, unknown>, 'identity' | 'count'>): void {
  const { identity } = store;
  metrics.readGauge(
    {
      name: 'backline_store_info',
      help: 'Which store this is: a restored backup or an emptied folder is another one.',
      labelNames: ['store', 'store_id', 'schema_version'],
    },
    () => [{ labels: { store: identity.store, store_id: identity.storeId, schema_version: identity.schemaVersion }, value: 1 }],
  );
  metrics.readGauge({ name: 'backline_records', help: 'Live records in the store.' }, async (within) => [
    { value: await store.count(within) },
  ]);
}
