import type { Logger } from 'pino';
import { byService, type Config, type ServiceName, serviceNames } from '#config';
import type { Metrics } from '#metrics';
import { CallDurations, RpcClient } from '#rpc';

/** The connections to the four services, by their names. */
export type ServiceClients = Record<ServiceName, RpcClient>;

/** Connects to the four services, which need not be there yet. */
export function connectServices({ services }: Pick<Config, 'services'>, logger: Logger, metrics: Metrics): ServiceClients {
  const durations = new CallDurations(metrics, {
    name: 'backline_rpc_client_call_duration_seconds',
    help: 'How long calls took that this process made, from when they were asked for to their end.',
  });
  const clients = byService((service) => new RpcClient({ service, ...services[service] }, { logger, durations }));
  metrics.readGauge(
    { name: 'backline_rpc_client_connected', help: 'Whether the last ping of a service was answered.', labelNames: ['peer'] },
    () => serviceNames.map((peer) => ({ labels: { peer }, value: clients[peer].status().up ? 1 : 0 })),
  );
  return clients;
}

export function closeServices(clients: ServiceClients): void {
  for (const service of serviceNames) clients[service].close();
}
