import type { Logger } from 'pino';
import { type Config, type ServiceName, serviceNames } from '#config';
import { RpcClient } from '#rpc';

/** The connections to the four services, by their names. */
export type ServiceClients = Record<ServiceName, RpcClient>;

/** Connects to the four services, which need not be there yet. */
export function connectServices({ services }: Pick<Config, 'services'>, logger: Logger): ServiceClients {
  const client = (service: ServiceName) => new RpcClient({ service, ...services[service] }, { logger });
  return { bands: client('bands'), venues: client('venues'), events: client('events'), concerts: client('concerts') };
}

export function closeServices(clients: ServiceClients): void {
  for (const service of serviceNames) clients[service].close();
}
