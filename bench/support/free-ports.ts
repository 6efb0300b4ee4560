import { once } from 'node:events';
import { createServer } from 'node:net';

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
