import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '#config';
import { generateWorld } from '#demo';
import { EXIT_CANNOT_START } from '#problem';
import { READ_DEADLINE_MS } from '#rpc';
import { AppProcess, runToEnd } from '../bench/support/app-process.js';
import { OwnMongo } from '../bench/support/own-mongo.js';
import { isListening } from '../bench/support/ports.js';
import { ownPlace, ProcessSystem, until } from '../bench/support/process-system.js';
import { mixedPaths, Readers, type Reading } from '../bench/support/readers.js';
import { LEEWAY_MS } from './support/leeway.js';
import { describeWithOwnMongo, startStandaloneMongo } from './support/mongo.js';

const CLIENTS = 10;
const WORLD = { seed: 1, concerts: 300 };
/** Longer than a deadline, so that requests reach it. */
const LOST_MS = 2_500;
/** The driver looks for the server each second, and a node that starts takes some to become primary again. */
const BACK_WITHIN_MS = 20_000;
const TEST_TIMEOUT_MS = 90_000;

const faulty = (readings: readonly Reading[]): Reading[] =>
  readings.filter(
    ({ status, fault, tookMs }) => fault || ![200, 503, 504].includes(status) || tookMs > READ_DEADLINE_MS + LEEWAY_MS,
  );

describeWithOwnMongo('services on a MongoDB', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backline-mongodb-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(
    'end with one line when it is no replica set',
    async () => {
      const standalone = await startStandaloneMongo();
      try {
        const environment = { ...(await ownPlace(folder)), MONGO_URL: standalone.url };
        const { code, output, errors } = await runToEnd('apps/bands/src/main.js', { cwd: folder, environment });
        expect({ code, output }).toEqual({ code: EXIT_CANNOT_START, output: '' });
        expect(errors).toMatch(/^bands cannot start: the MongoDB at \S+ is not a replica set; [^\n]+\n$/);
      } finally {
        await standalone.stop();
      }
    },
    TEST_TIMEOUT_MS,
  );

  describe('that is lost', () => {
    let mongo: OwnMongo;
    beforeAll(async () => {
      mongo = await OwnMongo.start();
    }, TEST_TIMEOUT_MS);
    afterAll(() => mongo.stop(), TEST_TIMEOUT_MS);

    test(
      'or stands still answer each request by its deadline, and all is well after it is back',
      async () => {
        const system = await ProcessSystem.start({ MONGO_URL: mongo.url });
        try {
          await system.load(WORLD);
          const [venue = { latitude: 0, longitude: 0 }] = generateWorld(WORLD).venues;
          const readers = await Readers.start(system.url, mixedPaths(venue), CLIENTS);
          for (const [lose, bring] of [
            [() => mongo.freeze(), () => mongo.thaw()],
            [() => mongo.pause(), () => mongo.resume()],
          ] as const) {
            const before = readers.readings.length;
            await lose();
            await sleep(LOST_MS);
            await until(
              () => readers.readings.slice(before).some(({ status }) => status !== 200),
              () => 'no request has missed it',
            );
            await bring();
            expect(await readers.well(BACK_WITHIN_MS)).toBeLessThan(BACK_WITHIN_MS);
          }
          expect(faulty(await readers.stop())).toEqual([]);
        } finally {
          await system.close();
        }
      },
      TEST_TIMEOUT_MS,
    );

    test(
      'before they start wait for it and say so',
      async () => {
        const environment = { ...(await ownPlace(folder)), MONGO_URL: mongo.url, LOG_LEVEL: 'warn' };
        const { host, port } = readConfig(environment).services.bands;
        await mongo.pause();
        const bands = new AppProcess('apps/bands/src/main.js', { cwd: folder, environment });
        try {
          await until(
            () => bands.printed.includes('does not answer'),
            () => `nothing is said: ${bands.printed}`,
          );
          expect(bands.isRunning).toBe(true);
          await mongo.resume();
          await until(
            () => isListening(host, port),
            () => `bands does not listen: ${bands.printed}`,
          );
        } finally {
          expect(await bands.end()).toMatchObject({ code: 0, errors: '' });
        }
      },
      TEST_TIMEOUT_MS,
    );
  });
});
