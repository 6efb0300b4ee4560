import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serviceNames, VERSION } from '#config';
import { type Family, parseExposition } from './support/exposition.js';
import { rawRequest } from './support/raw-http.js';
import { System } from './support/system.js';

const BAND = { name: 'The Paper Lanterns' };
/** A service that is ended is known to be away when its connection is gone. */
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 50;

describe('the metrics', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    await system.load({ bands: [{ id: 1, ...BAND }] });
  }, 60_000);
  afterAll(() => system.close());

  const metricsOf = async (url: string): Promise<Map<string, Family>> => {
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    return parseExposition(await response.text());
  };
  const ofGateway = () => metricsOf(system.url);
  const ofOrchestrator = () => metricsOf(system.writes.url);

  test('of the gateway are those of all services too, each labelled with the service', async () => {
    const families = await ofGateway();
    for (const name of ['backline_build_info', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
      const services = samplesOf(families, name).map(({ labels }) => labels['service']);
      expect([name, services.sort()]).toEqual([name, ['concerts-gateway', ...serviceNames].sort()]);
    }
    expect(samplesOf(families, 'backline_build_info').every(({ labels }) => labels['version'] === VERSION)).toBe(true);
    expect(sumOf(families, 'backline_records', { service: 'bands' })).toBe(1);
    expect(sumOf(families, 'backline_records', { service: 'venues' })).toBe(0);
    for (const service of serviceNames) {
      expect(sumOf(families, 'backline_service_up', { service })).toBe(1);
      expect(sumOf(families, 'backline_store_info', { service, store: 'sqlite' })).toBe(1);
    }
  });

  test('of the orchestrator are its own', async () => {
    const services = [...(await ofOrchestrator()).values()].flatMap(({ samples }) =>
      samples.map(({ labels }) => labels['service']),
    );
    expect(new Set(services)).toEqual(new Set(['orchestrator']));
  });

  test('count the requests, the calls they make, and the calls that services answer', async () => {
    const request = { method: 'GET', route: '/bands/:id', status: '200' };
    const call = { call: 'bands.byIds', outcome: 'ok' };
    const counts = (families: Map<string, Family>) => [
      sumOf(families, 'backline_http_request_duration_seconds', { ...request, service: 'concerts-gateway' }, '_count'),
      sumOf(families, 'backline_rpc_client_call_duration_seconds', { ...call, service: 'concerts-gateway' }, '_count'),
      sumOf(families, 'backline_rpc_server_call_duration_seconds', { ...call, service: 'bands' }, '_count'),
    ];
    const before = counts(await ofGateway());
    for (let sent = 0; sent < 7; sent++) await system.api.get('/bands/1');
    expect(counts(await ofGateway())).toEqual(before.map((count) => count + 7));
  });

  test('count refused requests under their own status', async () => {
    const refused = { method: 'GET', route: '/bands/:id', status: '404' };
    const before = sumOf(await ofGateway(), 'backline_http_request_duration_seconds', refused, '_count');
    await system.api.get('/bands/4000000000');
    expect(sumOf(await ofGateway(), 'backline_http_request_duration_seconds', refused, '_count')).toBe(before + 1);
  });

  test('count what writes begin, do and end', async () => {
    await system.writes.post('/bands', { name: 'Harbour Sons' }, { prefer: 'wait=30' });
    await system.writes.get('/executions/none');
    const families = await ofOrchestrator();
    expect(sumOf(families, 'backline_executions_begun_total', { state_machine: 'create-band' })).toBe(1);
    expect(sumOf(families, 'backline_executions_ended_total', { state_machine: 'create-band', status: 'SUCCEEDED' })).toBe(1);
    expect(sumOf(families, 'backline_executions', { status: 'SUCCEEDED' })).toBe(1);
    expect(sumOf(families, 'backline_executions', { status: 'RUNNING' })).toBe(0);
    expect(sumOf(families, 'backline_executions_failing', {})).toBe(0);
    expect(samplesOf(families, 'backline_task_calls_total').every(({ labels }) => labels['outcome'] === 'ok')).toBe(true);
  });

  test('have no more series after a thousand different URLs, methods and headers than after one of each kind', async () => {
    const ask = async (id: number) => {
      await fetch(`${system.url}/bands/${id}?${'x'.repeat(id)}=1`);
      await fetch(`${system.url}/nowhere/${id}`);
    };
    const hostile = ['PROPFIND', 'MKCOL', 'BREW', 'GET\\"}'];
    for (const method of hostile) await rawRequest(system.url, `${method} /bands/1 HTTP/1.1\r\n\r\n`);
    await rawRequest(system.url, 'GET /%zz HTTP/1.1\r\n\r\n');
    await ask(1);
    const before = seriesOf(await ofGateway());
    for (let id = 2; id < 500; id++) await ask(id);
    for (const method of ['LOCK', 'PURGE', 'SEARCH']) await rawRequest(system.url, `${method} /bands/1 HTTP/1.1\r\n\r\n`);
    await rawRequest(system.url, 'GET /%zz%zy HTTP/1.1\r\n\r\n');
    expect(seriesOf(await ofGateway())).toEqual(before);
    const methods = samplesOf(await ofGateway(), 'backline_http_request_duration_seconds').map(({ labels }) => labels['method']);
    expect([...new Set(methods)].sort()).toEqual(['GET', 'other']);
  });

  test('are gathered once for many who ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${system.url}/metrics`)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(texts).size).toBeLessThan(texts.length);
  });

  test('are told without a service that is away, and say that it is', async () => {
    await system.stop('events');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    let families = await ofGateway();
    while (sumOf(families, 'backline_rpc_client_connected', { peer: 'events' }) !== 0 && Date.now() < deadline) {
      await sleep(POLL_MS);
      families = await ofGateway();
    }
    expect(sumOf(families, 'backline_rpc_client_connected', { peer: 'events' })).toBe(0);
    expect(sumOf(families, 'backline_service_up', { service: 'events' })).toBe(0);
    expect(sumOf(families, 'backline_service_up', { service: 'bands' })).toBe(1);
    expect(sumOf(families, 'backline_records', { service: 'bands' })).toBeGreaterThan(0);
    await system.restart('events');
  });
});

describe('the page about metrics', () => {
  test('has each of them once, and none that there is not', async () => {
    const system = await System.start();
    try {
      const page = readFileSync('docs/metrics.md', 'utf8');
      const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
      const texts = await Promise.all([system.url, system.writes.url].map(async (url) => (await fetch(`${url}/metrics`)).text()));
      const exposed = new Set(texts.flatMap((text) => [...parseExposition(text).keys()]).filter(isOurs));
      // What needs an Elasticsearch is not there.
      const ofIndex = ['apps/indexer/src/indexer-metrics.ts', 'apps/concerts-gateway/src/read-model-metrics.ts'].flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/name: '(\w+)'/g)].map(([, name = '']) => name),
      );
      expect(documented.sort()).toEqual([...exposed, ...ofIndex].sort());
    } finally {
      await system.close();
    }
  });
});

/** Those of Node have a sentence of their own, together. */
const isOurs = (name: string): boolean => name.startsWith('backline_');

const samplesOf = (families: Map<string, Family>, name: string): Family['samples'] => families.get(name)?.samples ?? [];

/** The sum of the samples that have these labels; 0 when there is none. */
function sumOf(families: Map<string, Family>, name: string, labels: Record<string, string>, suffix = ''): number {
  return samplesOf(families, name)
    .filter((sample) => sample.name === `${name}${suffix}`)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** All series of our own, without their values. */
const seriesOf = (families: Map<string, Family>): string[] =>
  [...families.values()]
    .filter(({ name }) => isOurs(name))
    .flatMap(({ samples }) => samples.map(({ name, labels }) => JSON.stringify([name, Object.entries(labels).sort()])))
    .sort();
