import { Histogram } from 'prom-client';
import { DURATION_BUCKETS_SECONDS, type Metrics } from '#metrics';
import type { ErrorCode } from '#problem';

/** How long calls took, by their names and by how they ended: `ok` or the code of an error. */
export class CallDurations {
  readonly #histogram: Histogram<'call' | 'outcome'>;

  constructor({ registry }: Metrics, { name, help }: { name: string; help: string }) {
    const labelNames = ['call', 'outcome'] as const;
    this.#histogram = new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS_SECONDS, registers: [registry] });
  }

  /** @param call one of a few: each has a series of its own */
  begin(call: string): (outcome: 'ok' | ErrorCode) => void {
    const startedAt = performance.now();
    return (outcome) => this.#histogram.observe({ call, outcome }, (performance.now() - startedAt) / 1_000);
  }
}
