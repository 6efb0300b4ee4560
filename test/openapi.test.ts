import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common/enums/request-method.enum.js';
import { readConfig } from '#config';
import { ServicesReadModel } from '#read-model';
import { GatewayModule } from '../apps/concerts-gateway/src/gateway.module.js';
import { rawRequest } from './support/raw-http.js';
import { System } from './support/system.js';

interface Operation {
  operationId?: string;
  responses: Record<string, unknown>;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema?: { example?: unknown } }> };
  security?: object[];
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components?: { securitySchemes?: Record<string, unknown> };
}

describe('the OpenAPI document', () => {
  let system: System;
  let document: Document;
  beforeAll(async () => {
    system = await System.start();
    document = JSON.parse((await system.api.get('/openapi.json')).text);
  }, 60_000);
  afterAll(() => system.close());

  test('is of version 3.1, and the same at both of its addresses', async () => {
    const [one, other] = [await system.api.get('/openapi.json'), await system.api.get('/api-json')];
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(one.headers.get('content-type')).toMatch(/^application\/json/);
    expect(other.headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(other.text)).toEqual(document);
  });

  test('names no host, so that it holds wherever it is served', () => {
    expect(document).not.toHaveProperty('servers.0');
  });

  test('has every route, and nothing that is not routed', async () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routesOf(system).sort());
    for (const [path, operations] of Object.entries(document.paths)) {
      const { status, headers } = await rawRequest(system.url, `DELETE ${path.replace('{id}', '1')} HTTP/1.1\r\n\r\n`);
      expect(status).toBe(405);
      const allowed = (headers.get('allow') ?? '').split(', ');
      for (const method of Object.keys(operations)) expect(allowed).toContain(method.toUpperCase());
    }
  });

  test('says of every operation how it may fail', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { responses, parameters = [] } of Object.values(operations)) {
        const expected = [
          '200',
          '500',
          '503',
          ...(parameters.length > 0 ? ['400'] : []),
          ...(path.includes('{id}') ? ['404'] : []),
        ];
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(expected));
      }
    }
  });

  test('is shown by what the address alone leads to', async () => {
    for (const { url } of [system.api, system.writes]) {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers } = await fetch(url, { method, redirect: 'manual' });
        expect([method, status, headers.get('location')]).toEqual([method, 302, '/api']);
      }
    }
    expect(document.paths).not.toHaveProperty('/');
  });

  test('has each parameter of a search with what it takes', () => {
    const names = document.paths['/concerts']?.['get']?.parameters?.map(({ name }) => name);
    expect(names).toEqual([
      'bandIds',
      'venueIds',
      'eventIds',
      'latitude',
      'longitude',
      'radius',
      'from',
      'to',
      'status',
      'sort',
      'limit',
      'cursor',
      'fields',
      'consistency',
      'After-Change',
    ]);
  });
});

describe('the OpenAPI document of the writes', () => {
  const kinds = ['concerts', 'bands', 'venues', 'events'];
  const writes = kinds.flatMap((kind) => [`POST /${kind}`, `PUT /${kind}/{id}`, `PATCH /${kind}/{id}`, `DELETE /${kind}/{id}`]);
  const executions = ['GET /executions', 'GET /executions/{id}', 'POST /executions/{id}/stop'];
  const open = ['GET /state-machines', 'GET /state-machines/{name}', 'GET /health/live', 'GET /health/ready'];

  let system: System;
  let document: Document;
  let operations: [string, Operation][];
  beforeAll(async () => {
    system = await System.start();
    document = JSON.parse((await system.writes.get('/openapi.json')).text);
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
    );
  }, 60_000);
  afterAll(() => system.close());

  test('is of version 3.1 and has every route', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(operations.map(([name]) => name).sort()).toEqual([...writes, ...executions, ...open].sort());
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
  });

  test('asks for the token where one is needed', () => {
    expect(document.components?.securitySchemes?.['bearer']).toMatchObject({ type: 'http', scheme: 'bearer' });
    const secured = operations.filter(([, { security }]) => security?.some((one) => 'bearer' in one)).map(([name]) => name);
    expect(secured.sort()).toEqual([...writes, ...executions].sort());
    for (const [name, { responses }] of operations) expect([name, '401' in responses]).toEqual([name, secured.includes(name)]);
  });

  test('says of every write what it takes, and how it may end', () => {
    for (const [name, { responses, parameters = [], requestBody }] of operations.filter(([one]) => writes.includes(one))) {
      const [method] = name.split(' ');
      const done = { POST: '201', DELETE: '204' }[String(method)] ?? '200';
      const changing = method === 'POST' ? [] : ['404', '412', '428'];
      const expected = [done, '202', '400', '401', '409', '413', '415', '422', '500', '503', ...changing];
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(expected));
      const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name);
      expect(headers.sort()).toEqual(['Idempotency-Key', ...(method === 'POST' ? [] : ['If-Match']), 'Prefer']);
      const bodies = Object.keys(requestBody?.content ?? {}).sort();
      const json = method === 'PATCH' ? ['application/json', 'application/merge-patch+json'] : ['application/json'];
      expect(bodies).toEqual(method === 'DELETE' ? [] : json);
    }
  });

  test('has examples that can be sent as they are', async () => {
    for (const [name, { requestBody }] of operations.filter(([one]) => writes.includes(one) && one.startsWith('POST'))) {
      const example = requestBody?.content['application/json']?.schema?.example;
      const { status } = await system.writes.post(name.replace('POST ', ''), example);
      expect([name, status]).toEqual([name, 201]);
    }
  });
});

describe('Swagger UI', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  }, 60_000);
  afterAll(() => system.close());

  test.each(['gateway', 'orchestrator'])('of the %s is served at /api with all its files, from it only', async (app) => {
    const { url } = app === 'gateway' ? system.api : system.writes;
    const page = await fetch(`${url}/api`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { origin, href } = new URL(file, `${url}/api`);
      expect(origin).toBe(url);
      const response = await fetch(href);
      // Unread, the answer would hold the server open.
      await response.arrayBuffer();
      expect({ file, status: response.status }).toEqual({ file, status: 200 });
    }
    expect(html).not.toMatch(/<(?:script|link|img)[^>]+https?:/);
  });
});

/** The routes that the controllers of the gateway declare, as the document writes them. */
function routesOf({ clients }: System): string[] {
  const { controllers = [] } = GatewayModule.with({
    clients,
    readModel: new ServicesReadModel(clients),
    index: undefined,
    config: readConfig({}),
    draining: new AbortController().signal,
  });
  return controllers.flatMap((controller) => {
    const handlers = Object.getOwnPropertyNames(controller.prototype).map((name) => Reflect.get(controller.prototype, name));
    return handlers
      .filter((handler) => typeof handler === 'function' && Reflect.hasMetadata(METHOD_METADATA, handler))
      .map((handler) => {
        const path = [Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, handler)];
        const joined = path.filter((part) => part !== '/').join('/');
        return `${RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler)]} /${joined.replace(/:(\w+)/g, '{$1}')}`;
      });
  });
}
