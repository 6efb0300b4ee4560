import type { FastifyReply } from 'fastify';
import type { ServiceName } from '#config';
import { bandCalls, concertCalls, eventCalls, type ServiceHealth, venueCalls } from '#contracts';
import { toFault } from '#problem';
import type { CallContext } from '#rpc';
import type { ServiceClients } from '#serve';

/** A health check must itself be quick, whatever is wrong with a service. */
const HEALTH_DEADLINE_MS = 1_000;

const healthCalls = {
  bands: bandCalls.health,
  venues: venueCalls.health,
  events: eventCalls.health,
  concerts: concertCalls.health,
};

/** The context for the questions of a health check. */
export const healthAsking = (asking: CallContext): CallContext => ({
  ...asking,
  deadline: Math.min(asking.deadline, Date.now() + HEALTH_DEADLINE_MS),
});

/** How each of the four services is. One that does not answer is no error here. */
export async function servicesHealth(clients: ServiceClients, asking: CallContext): Promise<Record<ServiceName, ServiceHealth>> {
  const [bands, venues, events, concerts] = await Promise.all([
    healthOf('bands', clients, asking),
    healthOf('venues', clients, asking),
    healthOf('events', clients, asking),
    healthOf('concerts', clients, asking),
  ]);
  return { bands, venues, events, concerts };
}

/** Health is never kept: who asks wants to know about now. */
export function sendHealth(reply: FastifyReply, isWell: boolean, body: object): void {
  void reply
    .code(isWell ? 200 : 503)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify(body));
}

async function healthOf(service: ServiceName, clients: ServiceClients, asking: CallContext): Promise<ServiceHealth> {
  const client = clients[service];
  try {
    const { store, storeId, schemaVersion, version } = await client.call(healthCalls[service], {}, asking);
    return { up: true, version, store, storeId, schemaVersion, clockDifferenceMs: client.status().clockDifferenceMs };
  } catch (error) {
    return { up: false, clockDifferenceMs: client.status().clockDifferenceMs, detail: toFault(error).detail };
  }
}
