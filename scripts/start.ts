// Runs the whole system in the foreground, one process a service, one each for the gateway, the orchestrator and, where
// there is an Elasticsearch, the indexer, until Ctrl-C.

import { setTimeout as sleep } from 'node:timers/promises';
import { prettyFactory } from 'pino-pretty';
import { type Config, hostToReach, loadConfig, serviceNames } from '#config';
import { CannotStart, EXIT_CANNOT_START } from '#problem';
import { type Supervisor, supervise } from './supervisor.js';

const POLL_INTERVAL_MS = 100;
const ANSWER_DEADLINE_MS = 2_000;

/** Everything is ready within 5 s on a laptop; who waits for this long wants to know what is missing. */
const SLOW_START_MS = 30_000;

const apps = ({ elasticsearch }: Config): string[] => [
  ...serviceNames,
  'concerts-gateway',
  'orchestrator',
  ...(elasticsearch ? ['indexer'] : []),
];

async function start(config: Config): Promise<Supervisor> {
  const host = hostToReach(config.host);
  const urlOf = (port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const gatewayUrl = urlOf(config.gatewayPort);
  const orchestratorUrl = urlOf(config.orchestrator.port);
  const indexerUrl = config.elasticsearch && urlOf(config.indexer.port);
  await assertFree(gatewayUrl, 'GATEWAY_HTTP_PORT');
  await assertFree(orchestratorUrl, 'ORCHESTRATOR_HTTP_PORT');
  if (indexerUrl !== undefined) await assertFree(indexerUrl, 'INDEXER_HTTP_PORT');
  const prettyLine = prettyFactory({ colorize: true, singleLine: true, ignore: 'pid,hostname,name' });
  const supervisor = supervise(
    apps(config).map((name) => ({ name, script: `dist/apps/${name}/src/main.js` })),
    {
      cwd: process.cwd(),
      output: process.stdout,
      preload: './dist/scripts/end-with-parent.js',
      ...(process.stdout.isTTY && { formatLine: prettyLine }),
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => supervisor.stop());
  void announce(supervisor, { gatewayUrl, orchestratorUrl, indexerUrl }, config);
  return supervisor;
}

async function assertFree(url: string, variable: string): Promise<void> {
  if (await answersOk(`${url}/health/live`)) {
    throw new CannotStart(`${url} answers already; end what runs there, or set ${variable}`);
  }
}

interface Urls {
  gatewayUrl: string;
  orchestratorUrl: string;
  /** Nothing when there is no Elasticsearch. */
  indexerUrl: string | undefined;
}

/** Says where everything is, once, as soon as the gateway, the orchestrator and all services are ready. */
async function announce(
  supervisor: Supervisor,
  { gatewayUrl, orchestratorUrl, indexerUrl }: Urls,
  config: Config,
): Promise<void> {
  const startedAt = Date.now();
  let toldSlow = false;
  for (const url of [gatewayUrl, orchestratorUrl]) {
    while (!(await allAreUp(`${url}/health/ready`))) {
      if (!toldSlow && Date.now() - startedAt > SLOW_START_MS) {
        supervisor.say(`not ready after ${SLOW_START_MS / 1000} s; ${url}/health/ready tells what is missing`);
        toldSlow = true;
      }
      await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
    }
  }
  const services = serviceNames.map((name) => `${name} tcp://${config.services[name].host}:${config.services[name].port}`);
  supervisor.say(`ready: ${gatewayUrl} (API documentation: ${gatewayUrl}/api); ${services.join(', ')}`);
  supervisor.say(`writes: ${orchestratorUrl} (API documentation: ${orchestratorUrl}/api); ${whereTheTokenIs(config)}`);
  // It may take a while to fill an index, or to find its Elasticsearch, and nothing else waits for it.
  if (indexerUrl !== undefined)
    supervisor.say(
      `search index: ${config.elasticsearch?.url}, ${whatAnswers(config)}; ${indexerUrl}/health/ready says how far it is`,
    );
  if (await isEmpty(`${gatewayUrl}/bands?limit=1`)) {
    supervisor.say('The store is empty: `make demo` fills it with generated concerts, `make import FROM=folder` loads yours.');
  }
}

/** Never the token itself: what is said here is seen by who looks over a shoulder, and kept in logs. */
const whereTheTokenIs = ({ orchestrator }: Config): string =>
  orchestrator.writeTokens.length > 0
    ? 'the token is what follows the colon in WRITE_TOKENS, in .env or the environment'
    : 'they are closed, since WRITE_TOKENS is empty';

const whatAnswers = ({ readModel }: Config): string =>
  readModel === 'elasticsearch' ? 'which answers searches' : 'which answers no searches until READ_MODEL=elasticsearch';

const get = (url: string) => fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });

async function allAreUp(readinessUrl: string): Promise<boolean> {
  try {
    const response = await get(readinessUrl);
    const readiness: unknown = await response.json();
    return response.ok && serviceNames.every((name) => isUp(readiness, name));
  } catch {
    return false; // the gateway does not listen yet
  }
}

// Not checked by the schema of the contracts: loading it would take longer than the rest of this program.
const isUp = (readiness: unknown, service: string) => property(property(property(readiness, 'services'), service), 'up') === true;

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await get(url)).ok;
  } catch {
    return false; // nothing listens there yet
  }
}

async function isEmpty(listUrl: string): Promise<boolean> {
  try {
    const list: unknown = await (await get(listUrl)).json();
    return Array.isArray(list) && list.length === 0;
  } catch {
    return false; // whoever asks the gateway next learns what is wrong; here it is an offer only
  }
}

try {
  const { ended } = await start(loadConfig());
  process.exit(await ended);
} catch (error) {
  if (!(error instanceof CannotStart)) throw error;
  console.error(`cannot start: ${error.message}`);
  process.exitCode = EXIT_CANNOT_START;
}
