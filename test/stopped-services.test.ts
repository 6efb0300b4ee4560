import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ServiceName } from '#config';
import { generateWorld } from '#demo';
import { READ_DEADLINE_MS } from '#rpc';
import { ProcessSystem, until } from '../bench/support/process-system.js';
import { isWell, mixedPaths, Readers, type Reading } from '../bench/support/readers.js';
import { LEEWAY_MS } from './support/leeway.js';

/** `bench/stopped-services.ts` stops and kills more, for longer, and asks for 250 ms. */
const CLIENTS = 20;
const WORLD = { seed: 1, concerts: 1_000 };
/** Longer than a deadline, so that requests reach it. */
const STOP_MS = 2_500;
/** As the supervisor waits before it starts a process again. */
const RESTART_DELAY_MS = 500;
const ANSWERED_WITHIN_MS = READ_DEADLINE_MS + LEEWAY_MS;
const WELL_WITHIN_MS = 1_000 + LEEWAY_MS;
const TEST_TIMEOUT_MS = 60_000;

let system: ProcessSystem;
let paths: string[];

beforeAll(async () => {
  system = await ProcessSystem.start();
  await system.load(WORLD);
  const [venue = { latitude: 0, longitude: 0 }] = generateWorld(WORLD).venues;
  paths = mixedPaths(venue);
}, TEST_TIMEOUT_MS);

afterAll(() => system.close(), TEST_TIMEOUT_MS);

const faulty = (readings: readonly Reading[]): Reading[] =>
  readings.filter(({ status, fault, tookMs }) => fault || ![200, 503, 504].includes(status) || tookMs > ANSWERED_WITHIN_MS);

/** What came of a path. */
const kindsOf = (readings: readonly Reading[], path = ''): string[] => [
  ...new Set(
    readings
      .filter((reading) => reading.path === path)
      .map(({ status, partial }) => (partial ? `lacks ${partial}` : String(status))),
  ),
];

test.each<{ service: ServiceName; byBand: string; aroundAPlace: string; ofABand: string }>([
  { service: 'bands', byBand: 'lacks bands', aroundAPlace: 'lacks bands', ofABand: '503' },
  { service: 'venues', byBand: 'lacks venues', aroundAPlace: '503', ofABand: '200' },
  { service: 'events', byBand: 'lacks events', aroundAPlace: 'lacks events', ofABand: '200' },
  { service: 'concerts', byBand: '503', aroundAPlace: '503', ofABand: '200' },
])(
  'when the $service service is stopped under load, each request is answered by its deadline, and all is well soon after it goes on',
  async ({ service, byBand, aroundAPlace, ofABand }) => {
    const readers = await Readers.start(system.url, paths, CLIENTS);
    await system.process(service).freeze();
    await sleep(STOP_MS);
    const waited = () => readers.readings.filter(({ tookMs }) => tookMs > READ_DEADLINE_MS / 2);
    await until(
      () => waited().length > 0,
      () => 'no request has waited for it',
    );
    const whileStopped = waited();
    system.process(service).thaw();
    const wellMs = await readers.well(2 * WELL_WITHIN_MS);
    const wellAt = performance.now();
    const readings = await readers.stop();
    expect(faulty(readings)).toEqual([]);
    expect(wellMs).toBeLessThan(WELL_WITHIN_MS);
    expect(readings.filter((reading) => reading.startedAt > wellAt && !isWell(reading))).toEqual([]);
    for (const [path, kind] of [
      [paths[0], byBand],
      [paths[2], aroundAPlace],
      ['/bands/1', ofABand],
    ] as const)
      expect([kind]).toEqual(expect.arrayContaining(kindsOf(whileStopped, path)));
  },
  TEST_TIMEOUT_MS,
);

test.each<ServiceName>(['bands', 'concerts'])(
  'when the %s service is killed under load, requests are answered or refused in time, and all is well soon after it is back',
  async (service) => {
    const readers = await Readers.start(system.url, paths, CLIENTS);
    await system.process(service).end('SIGKILL');
    await sleep(RESTART_DELAY_MS);
    await system.restart(service);
    const wellMs = await readers.well(2 * WELL_WITHIN_MS);
    expect(faulty(await readers.stop())).toEqual([]);
    expect(wellMs).toBeLessThan(WELL_WITHIN_MS);
  },
  TEST_TIMEOUT_MS,
);
