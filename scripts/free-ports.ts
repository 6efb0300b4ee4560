import { once } from 'node:events';
import { createServer } from 'node:net';
import { CannotStart } from '#problem';

/**
 * Listens at all ports at once for a moment, so that two variables with one port are noticed too.
 * @param ports by the variables that set them @throws CannotStart naming all that are taken
 */
export async function assertFree(host: string, ports: Readonly<Record<string, number>>): Promise<void> {
  const probes = Object.entries(ports).map(([variable, port]) => ({ variable, port, server: createServer() }));
  const inUse = await Promise.all(
    probes.map(({ port, server }) => once(server.listen(port, host), 'listening').then(() => false, isInUse)),
  );
  await Promise.all(probes.map(({ server }) => server.listening && once(server.close(), 'close')));
  const taken = probes.filter((_, at) => inUse[at]).map(({ variable, port }) => `${port} (${variable})`);
  if (taken.length > 0)
    throw new CannotStart(`cannot start: taken on ${host}: ${taken.join(', ')}; end what listens there, or set other ports`);
}

/** What else is wrong with an address, its process says best. */
const isInUse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
