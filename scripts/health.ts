// Whether a process on this machine is well: `node dist/scripts/health.js bands` ends with 0 when it is. The health checks
// of the containers ask this way.

import { randomUUID } from 'node:crypto';
import { loadConfig, type ServiceName } from '#config';
import { bandCalls, type CallContract, concertCalls, eventCalls, venueCalls } from '#contracts';
import { RpcClient } from '#rpc';

/** Less than the time that a container's health check has. */
const ANSWER_DEADLINE_MS = 3_000;

const LOOPBACK = '127.0.0.1';

const { ports, gatewayPort, orchestrator, indexer } = loadConfig();

const checks = new Map([
  ['bands', () => checkService('bands', bandCalls.health)],
  ['venues', () => checkService('venues', venueCalls.health)],
  ['events', () => checkService('events', eventCalls.health)],
  ['concerts', () => checkService('concerts', concertCalls.health)],
  ['concerts-gateway', () => checkHttp(gatewayPort)],
  ['orchestrator', () => checkHttp(orchestrator.port)],
  ['indexer', () => checkHttp(indexer.port)],
]);

/** A service is well when its store answers. */
async function checkService(service: ServiceName, health: CallContract): Promise<void> {
  const client = new RpcClient({ service, host: LOOPBACK, port: ports[service] });
  await client.call(health, {}, { deadline: Date.now() + ANSWER_DEADLINE_MS, requestId: randomUUID(), traceId: randomUUID() });
}

/** What speaks HTTP is well when it runs: that a service is away is no reason to start it again. */
async function checkHttp(port: number): Promise<void> {
  const url = `http://${LOOPBACK}:${port}/health/live`;
  const { status } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
  if (status !== 200) throw new Error(`${url} answers ${status}`);
}

try {
  const check = checks.get(process.argv[2] ?? '');
  if (check === undefined) throw new Error(`say which process: ${[...checks.keys()].join(', ')}`);
  await check();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
