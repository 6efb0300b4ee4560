import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { serviceNames, tcpPortVariable } from '#config';

/** Below the ports that systems give to outgoing connections, so that none of those takes one before its server does. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const HOST = '127.0.0.1';

/** Different ports that nothing listens on, for processes that must find each other again after a restart. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, HOST), 'listening');
  } catch {
    return false; // taken: the caller tries another
  }
  await once(server.close(), 'close');
  return true;
}

/** What tells processes the ports of the services, which come in the order of `serviceNames`. */
export const tcpPortVariables = (ports: readonly number[]): Record<string, string> =>
  Object.fromEntries(serviceNames.map((name, at) => [tcpPortVariable(name), String(ports[at])]));

/** Whether something listens there. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // nobody is there
  } finally {
    socket.destroy();
  }
}
