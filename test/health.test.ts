import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VERSION } from '#config';
import { System } from './support/system.js';

const services = ['bands', 'venues', 'events', 'concerts'] as const;

describe('health', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  }, 60_000);
  afterAll(() => system.close());

  test('the process says that it is alive', async () => {
    const { status, body, headers } = await system.api.get('/health/live');
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok' } });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('the gateway is ready and says how each service is', async () => {
    // The clocks are known from the first ping on.
    const up = {
      up: true,
      version: VERSION,
      store: 'sqlite',
      storeId: expect.stringMatching(/^[\da-f-]{36}$/),
      schemaVersion: expect.any(Number),
    };
    const { status, body, headers } = await system.api.get('/health/ready');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      status: 'ready',
      version: VERSION,
      readModel: 'services',
      services: Object.fromEntries(services.map((name) => [name, up])),
    });
  });

  test('it is ready also when services are down, and says which', async () => {
    await system.stop('venues');
    await system.stop('events');
    const { status, body } = await system.api.get('/health/ready');
    expect(status).toBe(200);
    const down = { up: false, detail: expect.any(String) };
    expect(body).toMatchObject({
      status: 'ready',
      services: { bands: { up: true }, venues: down, events: down, concerts: { up: true } },
    });
    expect((await system.api.get('/health/live')).status).toBe(200);
  });
});
