import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { System } from './support/system.js';

describe('a request', () => {
  const received: Buffer[] = [];
  const listening = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => socket.destroy());
  });
  let system: System;
  beforeAll(async () => {
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const address = listening.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    system = await System.start({ EVENTS_URL: `tcp://127.0.0.1:${port}` });
  }, 60_000);
  afterAll(async () => {
    await system.close();
    await new Promise((resolve) => listening.close(resolve));
  });

  const idOf = async (headers: Record<string, string>) => (await system.api.get('/bands', headers)).headers.get('x-request-id');

  test('keeps its own id, where that is well formed', async () => {
    for (const id of ['abc', 'A-1.2_3:4', 'x'.repeat(64)]) expect(await idOf({ 'x-request-id': id })).toBe(id);
  });

  test('is given one where it has none, or one that does not belong into a log', async () => {
    const ids = new Set<string | null>();
    for (const id of ['', 'x'.repeat(65), 'a b', '{"a":1}', 'a,b']) ids.add(await idOf({ 'x-request-id': id }));
    ids.add(await idOf({}));
    expect(ids.size).toBe(6);
    for (const id of ids) expect(id).toMatch(/^[\da-f-]{36}$/);
  });

  test('has its id on problems too', async () => {
    for (const path of ['/concerts', '/nothing', `/concerts?x=${'1'.repeat(50_000)}`]) {
      const { headers } = await system.api.get(path, { 'x-request-id': 'mine' });
      expect(headers.get('x-request-id')).toBe('mine');
    }
  });

  test('carries its trace and its id to the services', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await system.api.get('/events', {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      'x-request-id': 'traced-request',
      'request-timeout': '0.5',
    });
    const text = Buffer.concat(received).toString();
    expect(text).toContain(`"traceId":"${traceId}"`);
    expect(text).toContain('"requestId":"traced-request"');
  });

  test('gets a trace of its own where it brings none that is well formed', async () => {
    for (const traceparent of ['', 'x', '00-xyz-b7ad6b7169203331-01']) {
      received.length = 0;
      await system.api.get('/events', { traceparent, 'request-timeout': '0.3' });
      expect(Buffer.concat(received).toString()).not.toMatch(/xyz/);
    }
  });
});
