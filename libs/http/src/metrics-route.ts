import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { MetricFamily } from '#contracts';
import { exposition, METRICS_MEDIA_TYPE, type Metrics } from '#metrics';

/** The metrics that others tell one application, which shows them beside its own. It never rejects, and is done within 2 s. */
export type MetricsOfOthers = (asking: FastifyRequest['asking']) => Promise<readonly MetricFamily[]>;

/**
 * `GET /metrics`, for Prometheus. The OpenAPI document is for those who want concerts and has nothing of it; the names
 * are in docs/metrics.md. However many ask at once, the metrics are gathered once.
 */
export function addMetricsRoute(fastify: FastifyInstance, metrics: Metrics, others?: MetricsOfOthers): void {
  let gathering: Promise<string> | undefined;
  const gathered = async (asking: FastifyRequest['asking']) => {
    const [own, theirs = []] = await Promise.all([metrics.families(), others?.(asking)]);
    return exposition([...own, ...theirs]);
  };
  fastify.get('/metrics', async ({ asking }, reply) => {
    gathering ??= gathered(asking).finally(() => {
      gathering = undefined;
    });
    return reply
      .header('cache-control', 'no-store')
      .type(METRICS_MEDIA_TYPE)
      .send(await gathering);
  });
}
