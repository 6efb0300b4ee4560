import { once } from 'node:events';
import { createServer } from 'node:net';
import { CannotStart } from '#problem';

/**
 * Listens at each port for a moment.
 * @param ports by the variables that set them; 0 is any that is free
 * @throws CannotStart naming all that are taken, and all that two variables have
 */
export async function assertFree(host: string, ports: Readonly<Record<string, number>>): Promise<void> {
  const uses = [...Map.groupBy(Object.entries(ports), ([, port]) => port)]
    .filter(([port]) => port !== 0)
    .map(([port, entries]) => ({ port, variables: entries.map(([variable]) => variable) }));
  const shared = uses.filter(({ variables }) => variables.length > 1);
  const inUse = await Promise.all(uses.map(({ port }) => isTaken(host, port)));
  const taken = uses.filter((_, at) => inUse[at]).map(({ port, variables }) => `${port} (${variables.join(', ')})`);
  const faults = [
    ...shared.map(({ port, variables }) => `${variables.join(' and ')} have one and the same port, ${port}`),
    ...(taken.length > 0 ? [`taken on ${host}: ${taken.join(', ')}; end what listens there, or set other ports`] : []),
  ];
  if (faults.length > 0) throw new CannotStart(`cannot start: ${faults.join('; ')}`);
}

async function isTaken(host: string, port: number): Promise<boolean> {
  // Who connects meanwhile is sent away: a connection that stays open would keep the server from closing.
  const server = createServer((socket) => socket.destroy());
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    return isInUse(error);
  }
  await once(server.close(), 'close');
  return false;
}

/** What else is wrong with an address, its process says best. */
const isInUse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
