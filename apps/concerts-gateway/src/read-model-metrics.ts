import { Counter } from 'prom-client';
import type { Metrics } from '#metrics';
import type { FreshOrStrong, IndexState } from '#read-model';

type Answered = ConstructorParameters<typeof FreshOrStrong>[0]['answered'];

const MS_PER_SECOND = 1_000;

/** Counts who answered searches, and why it was not the index where it was not. */
export function answersCounter({ registry }: Metrics): Answered {
  const counter = new Counter({
    name: 'backline_searches_total',
    help: 'Searches by the read model that answered, and why not by the index; fresh when by it.',
    labelNames: ['read_model', 'reason'],
    registers: [registry],
  });
  return (instead) => counter.inc({ read_model: instead ? 'services' : 'elasticsearch', reason: instead ?? 'fresh' });
}

/** How old the index is, as the gateway knows it. */
export function indexAge(metrics: Metrics, index: IndexState): void {
  metrics.readGauge({ name: 'backline_index_age_seconds', help: 'How old what searches in the index find may be.' }, () => {
    const { dataAgeMs } = index.health;
    return dataAgeMs === null ? [] : [{ value: dataAgeMs / MS_PER_SECOND }];
  });
}
