import type { FastifyRequest } from 'fastify';
import { type ServiceName, serviceNames } from '#config';
import { type MetricFamily, metricsCalls } from '#contracts';
import type { ServiceClients } from '#serve';

/** Services are waited for so long, so that there is an answer within 2 s. */
const COLLECT_TIMEOUT_MS = 1_500;

/** The metrics of the four services, and whether each told them. One that does not is no error here. */
export async function servicesMetrics(clients: ServiceClients, asking: FastifyRequest['asking']): Promise<MetricFamily[]> {
  const context = { ...asking, deadline: Date.now() + COLLECT_TIMEOUT_MS };
  const familiesOf = async (service: ServiceName): Promise<MetricFamily[]> => {
    try {
      const { items } = await clients[service].call(metricsCalls[service], {}, context);
      return [...items, up(service, 1)];
    } catch {
      return [up(service, 0)];
    }
  };
  return (await Promise.all(serviceNames.map(familiesOf))).flat();
}

const up = (service: ServiceName, value: 0 | 1): MetricFamily => ({
  name: 'backline_service_up',
  help: 'Whether the service told its metrics when they were asked for.',
  type: 'gauge',
  values: [{ labels: { service }, value }],
});
