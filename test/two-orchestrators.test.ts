import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { listExecutions, pages } from '../bench/storms/executions.js';
import { AppProcess } from '../bench/support/app-process.js';
import { freePorts } from '../bench/support/ports.js';
import { ProcessSystem, until } from '../bench/support/process-system.js';
import { WriteClient } from '../bench/support/write-client.js';
import { LEEWAY_MS } from './support/leeway.js';
import { describeOnMongo } from './support/mongo.js';

const EXECUTIONS = 40;
const FIRST_DAY = '2031-01-01';
const DAY_MS = 86_400_000;
/** The TimeoutSeconds of the Tasks and what a lease lasts beyond them. */
const LEASE_MS = 5_000 + 2_000;
const POLL_MS = 100;
const TEST_TIMEOUT_MS = 90_000;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
}, TEST_TIMEOUT_MS);

async function startSystem(variables: Record<string, string> = {}): Promise<ProcessSystem> {
  const system = await ProcessSystem.start(variables);
  closers.push(() => system.close());
  return system;
}

function clientOf(url: string): WriteClient {
  const client = new WriteClient(url);
  closers.push(() => client.close());
  return client;
}

/** Begins executions that come no further than to their venue, since that service stands still. */
async function beginAmid(system: ProcessSystem): Promise<string[]> {
  const client = clientOf(system.writesUrl);
  await system.process('venues').freeze();
  const begun: string[] = [];
  for (let number = 0; number < EXECUTIONS; number++) {
    const { status, headers } = await client.send({
      method: 'POST',
      path: '/concerts',
      headers: { prefer: 'respond-async' },
      body: {
        band: { name: `Band ${number}` },
        venue: { name: `Venue ${number % 10}`, latitude: 53.5, longitude: 9.9 },
        event: { name: `Event ${number}`, kind: 'bill' },
        date: Date.parse(FIRST_DAY) + number * DAY_MS,
      },
    });
    expect(status).toBe(202);
    begun.push(String(headers['location']).replace('/executions/', ''));
  }
  return begun;
}

/** Milliseconds until nothing runs. */
async function untilAllEnded(client: WriteClient): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const running = await pages(client, '/executions?status=RUNNING');
    if (running.length === 0) return performance.now() - startedAt;
    await sleep(POLL_MS);
  }
}

/** Each execution has made its one concert, and nothing else has been made. */
async function expectAllOnce(system: ProcessSystem, client: WriteClient, begun: readonly string[]): Promise<void> {
  const executions = await listExecutions(client);
  expect(executions.map(({ id }) => id).sort()).toEqual([...begun].sort());
  expect(executions.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
  const gateway = clientOf(system.url);
  const counts = {
    concerts: (await pages(gateway, `/concerts?from=${FIRST_DAY}`)).length,
    bands: (await pages(gateway, '/bands')).length,
    venues: (await pages(gateway, '/venues?name=Venue')).length,
    events: (await pages(gateway, '/events')).length,
  };
  expect(counts).toEqual({ concerts: EXECUTIONS, bands: EXECUTIONS, venues: 10, events: EXECUTIONS });
}

describeOnMongo('two orchestrators on one journal', (mongo) => {
  test(
    'when one is killed amid its executions, the other finishes them within the lease, each once',
    async () => {
      const system = await startSystem({ MONGO_URL: mongo().urlOf('two') });
      const [port] = await freePorts(1);
      const environment = { ...system.environment, ORCHESTRATOR_HTTP_PORT: String(port) };
      const other = new AppProcess('apps/orchestrator/src/main.js', { cwd: system.folder, environment });
      closers.push(() => other.end());
      const client = clientOf(`http://127.0.0.1:${port}`);
      await until(
        async () => (await client.send({ method: 'GET', path: '/health/ready' }).catch(() => undefined))?.status === 200,
        () => `the other is not ready: ${other.printed}`,
      );

      const begun = await beginAmid(system);
      await system.process('orchestrator').end('SIGKILL');
      const running = await pages(client, '/executions?status=RUNNING');
      system.process('venues').thaw();
      const tookMs = await untilAllEnded(client);

      expect(running).toHaveLength(EXECUTIONS);
      expect(tookMs).toBeLessThan(LEASE_MS + LEEWAY_MS);
      await expectAllOnce(system, client, begun);
    },
    TEST_TIMEOUT_MS,
  );
});

test(
  'an orchestrator that is killed and started again finishes what it had begun, each once',
  async () => {
    const system = await startSystem();
    const begun = await beginAmid(system);
    await system.process('orchestrator').end('SIGKILL');
    system.process('venues').thaw();
    system.start('orchestrator');
    await system.ready();
    const client = clientOf(system.writesUrl);
    expect(await untilAllEnded(client)).toBeLessThan(LEASE_MS + LEEWAY_MS);
    await expectAllOnce(system, client, begun);
  },
  TEST_TIMEOUT_MS,
);
