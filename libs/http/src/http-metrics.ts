import type { FastifyReply, FastifyRequest } from 'fastify';
import { Histogram } from 'prom-client';
import { DURATION_BUCKETS_SECONDS, type Metrics } from '#metrics';

/** A parser of HTTP knows some thirty methods, and a client may send each: those that nothing here takes are one. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const OTHER_METHOD = 'other';
/** The route of what no route takes. */
const NO_ROUTE = 'none';

/** What an HTTP application tells of its requests. The labels are of its own words, whatever clients send. */
export class HttpMetrics {
  readonly #durations: Histogram<'method' | 'route' | 'status'>;
  #inFlight = 0;

  constructor(metrics: Metrics) {
    this.#durations = new Histogram({
      name: 'backline_http_request_duration_seconds',
      help: 'How long requests took, from their headers to the last byte of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: DURATION_BUCKETS_SECONDS,
      registers: [metrics.registry],
    });
    metrics.readGauge({ name: 'backline_http_requests_in_flight', help: 'Requests that are being answered.' }, () => [
      { value: this.#inFlight },
    ]);
  }

  begin({ raw }: FastifyReply): void {
    this.#inFlight++;
    // Also when the client goes away before its answer.
    raw.once('close', () => {
      this.#inFlight--;
    });
  }

  answered({ method, routeOptions }: FastifyRequest, { statusCode, elapsedTime }: FastifyReply): void {
    const labels = {
      method: METHODS.has(method) ? method : OTHER_METHOD,
      route: routeOptions.url ?? NO_ROUTE,
      status: statusCode,
    };
    this.#durations.observe(labels, elapsedTime / 1_000);
  }
}
