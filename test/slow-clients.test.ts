import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig, serviceNames } from '#config';
import { generateWorld } from '#demo';
import { READ_DEADLINE_MS } from '#rpc';
import { residentBytes } from '../bench/hostile-http.js';
import { ProcessSystem } from '../bench/support/process-system.js';
import { isWell, mixedPaths, Readers } from '../bench/support/readers.js';
import { LEEWAY_MS } from './support/leeway.js';

const SLOW_CLIENTS = 500;
const WORLD = { seed: 1, concerts: 1_000 };
/** A slow client sends so often, one byte or one header. */
const DRIP_MS = 1_000;
/** They come one after another: many requests at once would be another test. */
const BETWEEN_CLIENTS_MS = 10;
/** The gateway gives up headers after 10 s, and looks for such clients every 2 s. */
const HEADERS_GIVEN_UP_MS = 12_000;
/** What 500 connections hold, with a third of them reading none of ten answers of 120 KB. */
const MAX_MEMORY_GROWTH_BYTES = 256 * 1_048_576;
const TEST_TIMEOUT_MS = 60_000;

let system: ProcessSystem;
let paths: string[];
let port: number;
const sockets: Socket[] = [];
const drips: ReturnType<typeof drip>[] = [];

beforeAll(async () => {
  system = await ProcessSystem.start();
  await system.load(WORLD);
  const [venue = { latitude: 0, longitude: 0 }] = generateWorld(WORLD).venues;
  paths = mixedPaths(venue);
  port = Number(new URL(system.url).port);
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(drips);
  await system.close();
}, TEST_TIMEOUT_MS);

function open(toPort: number, bytes: string): Socket {
  const socket = connect(toPort, '127.0.0.1');
  socket.on('error', () => socket.destroy()); // being cut off is what it must expect
  socket.write(bytes);
  sockets.push(socket);
  return socket;
}

/** Sends a piece again and again, until the connection ends; what came back by then, and how long that took. */
async function drip(socket: Socket, piece: string): Promise<{ text: string; tookMs: number }> {
  const start = Date.now();
  let text = '';
  socket.setEncoding('latin1').on('data', (part) => {
    text += String(part);
  });
  while (!socket.destroyed && !socket.readableEnded) {
    await sleep(DRIP_MS);
    socket.write(piece);
  }
  return { text, tookMs: Date.now() - start };
}

test(
  'beside 500 clients that send or read slowly, others are answered as ever, and slow headers are given up',
  async () => {
    const { pid } = system.process('concerts-gateway');
    const readers = await Readers.start(system.url, paths, 2);
    const before = (await residentBytes(pid)) ?? 0;
    const answers: ReturnType<typeof drip>[] = [];
    for (let client = 0; client < SLOW_CLIENTS; client += 3) {
      answers.push(drip(open(port, 'GET /concerts?bandIds=1 HTTP/1.1\r\nhost: localhost\r\n'), 'x-drip: 1\r\n'));
      const body =
        'POST /concerts/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n';
      drips.push(drip(open(port, body), ' '));
      open(port, 'GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(10)).pause();
      await sleep(BETWEEN_CLIENTS_MS);
    }
    for (const { text, tookMs } of await Promise.all(answers)) {
      expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(text).toContain('content-type: application/problem+json');
      expect(tookMs).toBeLessThan(HEADERS_GIVEN_UP_MS + LEEWAY_MS);
    }
    const readings = await readers.stop();
    expect(readings.filter((reading) => !isWell(reading) || reading.tookMs > READ_DEADLINE_MS + LEEWAY_MS)).toEqual([]);
    expect(readings.length).toBeGreaterThan(50);
    expect(((await residentBytes(pid)) ?? 0) - before).toBeLessThan(MAX_MEMORY_GROWTH_BYTES);
  },
  TEST_TIMEOUT_MS,
);

test(
  'beside frames that are no JSON, too large or half, sent to every service, others are answered as ever',
  async () => {
    const readers = await Readers.start(system.url, paths, 2);
    const { services } = readConfig(system.environment);
    const cutOff: Promise<unknown>[] = [];
    for (const name of serviceNames) {
      open(services[name].port, '1000#{"pattern":"bands.list","data"');
      for (const frame of ['5#hello', '1048577#x', '{"no":"length"}', '7#{"a":1}'])
        cutOff.push(once(open(services[name].port, frame).resume(), 'close'));
    }
    await Promise.all(cutOff);
    await sleep(DRIP_MS);
    const readings = await readers.stop();
    expect(readings.filter((reading) => !isWell(reading))).toEqual([]);
    expect(serviceNames.map((name) => system.process(name).isRunning)).toEqual(serviceNames.map(() => true));
  },
  TEST_TIMEOUT_MS,
);
