import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig, serviceNames } from '#config';
import { generateWorld } from '#demo';
import { READ_DEADLINE_MS } from '#rpc';
import { AppProcess } from '../bench/support/app-process.js';
import { isListening } from '../bench/support/ports.js';
import { ownPlace, ProcessSystem, until } from '../bench/support/process-system.js';
import { mixedPaths, Readers } from '../bench/support/readers.js';
import { LEEWAY_MS } from './support/leeway.js';

const CLIENTS = 20;
const WORLD = { seed: 1, concerts: 500 };
/** All is over within it after Ctrl-C. */
const CTRL_C_MS = 2_000;
const TEST_TIMEOUT_MS = 60_000;

let system: ProcessSystem;
let paths: string[];

describe('on SIGTERM', () => {
  beforeEach(async () => {
    system = await ProcessSystem.start();
    await system.load(WORLD);
    const [venue = { latitude: 0, longitude: 0 }] = generateWorld(WORLD).venues;
    paths = mixedPaths(venue);
  }, TEST_TIMEOUT_MS);

  afterEach(() => system.close(), TEST_TIMEOUT_MS);

  test(
    'the gateway answers what it has begun, takes nothing new, and ends in order',
    async () => {
      // A stopped service keeps requests under way until their deadline.
      await system.process('bands').freeze();
      const begun = Array.from({ length: CLIENTS }, () => fetch(`${system.url}/concerts?bandIds=1&limit=5`));
      await sleep(300);
      const gateway = system.process('concerts-gateway');
      const signalledAt = Date.now();
      gateway.signal('SIGTERM');
      await sleep(100);
      expect(await isListening('127.0.0.1', Number(new URL(system.url).port))).toBe(false);
      for (const response of await Promise.all(begun)) {
        expect([response.status, response.headers.get('partial')]).toEqual([200, 'bands']);
        expect(await response.json()).toHaveLength(5);
      }
      expect(await gateway.ended).toMatchObject({ code: 0, errors: '' });
      expect(Date.now() - signalledAt).toBeLessThan(READ_DEADLINE_MS + LEEWAY_MS);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'the gateway tells who asks whether it is ready that it drains',
    async () => {
      // The answer waits for the stopped service, and meanwhile the signal comes.
      await system.process('bands').freeze();
      const asked = fetch(`${system.url}/health/ready`);
      await sleep(300);
      system.process('concerts-gateway').signal('SIGTERM');
      const response = await asked;
      expect([response.status, response.headers.get('connection')]).toEqual([503, 'close']);
      expect(await response.json()).toMatchObject({ status: 'draining' });
      expect(await system.process('concerts-gateway').ended).toMatchObject({ code: 0, errors: '' });
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'a service answers what it has begun, and reads are answered or refused until it is back',
    async () => {
      const readers = await Readers.start(system.url, paths, CLIENTS);
      await sleep(300);
      const { code, signal, errors } = await system.process('concerts').end('SIGTERM');
      expect({ code, signal, errors }).toEqual({ code: 0, signal: null, errors: '' });
      await system.restart('concerts');
      expect(await readers.well(1_000 + LEEWAY_MS)).toBeLessThan(1_000 + LEEWAY_MS);
      const readings = await readers.stop();
      expect(readings.filter(({ status, fault }) => fault || ![200, 503, 504].includes(status))).toEqual([]);
      expect(readings.filter(({ tookMs }) => tookMs > READ_DEADLINE_MS + LEEWAY_MS)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
});

describe('Ctrl-C, for all that was started together', () => {
  let folder: string;
  let start: AppProcess;
  let gatewayPort: number;
  let ports: number[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backline-shutdown-'));
    const environment = { ...(await ownPlace(folder)), LOG_LEVEL: 'warn' };
    const config = readConfig(environment);
    gatewayPort = config.gatewayPort;
    ports = [gatewayPort, ...serviceNames.map((name) => config.services[name].port)];
    // The programs are found from the project's folder.
    start = new AppProcess('scripts/start.js', { cwd: process.cwd(), environment, ownGroup: true });
    await until(
      () => start.printed.includes('ready: '),
      () => `not ready: ${start.printed}`,
    );
  }, TEST_TIMEOUT_MS);

  afterEach(async () => {
    // In order: what is killed itself cannot end those that it has started.
    await start.end();
    await rm(folder, { recursive: true, force: true });
  }, TEST_TIMEOUT_MS);

  const startReaders = () => Readers.start(`http://127.0.0.1:${gatewayPort}`, ['/bands?limit=20', '/events?limit=20'], CLIENTS);

  test(
    'ends it within two seconds, under load and with half a request too, and frees the ports',
    async () => {
      const half = connect(gatewayPort, '127.0.0.1').on('error', () => half.destroy());
      half.write('GET /concerts HTTP/1.1\r\nhost: localhost\r\n');
      const readers = await startReaders();
      await sleep(300);
      const signalledAt = Date.now();
      start.signal('SIGINT');
      const { code } = await start.ended;
      expect(Date.now() - signalledAt).toBeLessThan(CTRL_C_MS + LEEWAY_MS);
      expect(code).toBe(0);
      await readers.stop();
      expect(await Promise.all(ports.map((port) => isListening('127.0.0.1', port)))).toEqual(ports.map(() => false));
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'ends the services after those who call them, who never miss one',
    async () => {
      const readers = await startReaders();
      await sleep(300);
      start.signal('SIGINT');
      const { code, output } = await start.ended;
      await readers.stop();
      expect(code).toBe(0);
      expect(output).not.toContain('does not answer');
    },
    TEST_TIMEOUT_MS,
  );
});
