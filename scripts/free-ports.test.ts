import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { freePorts } from '../bench/support/ports.js';
import { assertFree } from './free-ports.js';

const HOST = '127.0.0.1';
const server = createServer();

afterEach(() => {
  server.close();
});

test('all ports that are taken are named at once, and those that two variables have', async () => {
  const [taken = 0, twice = 0, free = 0] = await freePorts(3);
  await once(server.listen(taken, HOST), 'listening');
  const ports = { GATEWAY_HTTP_PORT: taken, BANDS_TCP_PORT: free, VENUES_TCP_PORT: twice, EVENTS_TCP_PORT: twice };
  await expect(assertFree(HOST, ports)).rejects.toThrow(
    `cannot start: VENUES_TCP_PORT and EVENTS_TCP_PORT have one and the same port, ${twice}; taken on ${HOST}: ${taken} (GATEWAY_HTTP_PORT); end`,
  );
  await assertFree(HOST, { BANDS_TCP_PORT: free, VENUES_TCP_PORT: twice, EVENTS_TCP_PORT: 0, CONCERTS_TCP_PORT: 0 });
});
