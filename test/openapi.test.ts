import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common/enums/request-method.enum.js';
import { readConfig } from '#config';
import { GatewayModule } from '../apps/concerts-gateway/src/gateway.module.js';
import { rawRequest } from './support/raw-http.js';
import { System } from './support/system.js';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { responses: Record<string, unknown>; parameters?: { name: string; in: string }[] }>>;
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
    ]);
  });
});

describe('Swagger UI', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  }, 60_000);
  afterAll(() => system.close());

  test('is served at /api with all its files, from this server only', async () => {
    const page = await fetch(`${system.url}/api`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { origin, href } = new URL(file, `${system.url}/api`);
      expect(origin).toBe(system.url);
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
  const { controllers = [] } = GatewayModule.with({ clients, config: readConfig({}), draining: new AbortController().signal });
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
