// Runs the whole system in the foreground, one process a service, one each for the gateway, the orchestrator and, where
// there is an Elasticsearch, the indexer, until Ctrl-C.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { prettyFactory } from 'pino-pretty';
import { type Config, hostToReach, loadConfig, serviceNames, tcpPortVariable } from '#config';
import { runCommand } from './command.js';
import { assertFree } from './free-ports.js';
import { type Supervisor, supervise } from './supervisor.js';

const POLL_INTERVAL_MS = 100;
const ANSWER_DEADLINE_MS = 2_000;

/** Everything is ready within 5 s on a laptop; who waits for this long wants to know what is missing. */
const SLOW_START_MS = 30_000;

const HELP = `Starts everything and keeps it running until Ctrl-C.

  npm start
  make start          installs and compiles before, where that is needed

A process each for bands, venues, events, concerts, the gateway, the orchestrator, and where ELASTICSEARCH_URL is set the
indexer. Each line says which it is from. One that dies is started again. When all answer, lines with --> say where they are.
What can be set is read from the environment and from .env; README.md lists the variables.

Exit code: 0 when it was ended, 2 for a wrong command, 78 when a port is taken, for a wrong configuration, or when a process
can never start.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { ended } = await start(loadConfig());
  return await ended;
}

async function start(config: Config): Promise<Supervisor> {
  const host = hostToReach(config.host);
  const urlOf = (port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const gatewayUrl = urlOf(config.gatewayPort);
  const orchestratorUrl = urlOf(config.orchestrator.port);
  const indexerUrl = config.elasticsearch && urlOf(config.indexer.port);
  await assertFree(config.host, portsOf(config));
  const prettyLine = prettyFactory({ colorize: true, singleLine: true, ignore: 'pid,hostname,name' });
  const callers = ['concerts-gateway', 'orchestrator', ...(config.elasticsearch ? ['indexer'] : [])];
  const processes = [
    ...serviceNames.map((name) => ({ name, script: scriptOf(name), isCalled: true })),
    ...callers.map((name) => ({ name, script: scriptOf(name) })),
  ];
  const supervisor = supervise(processes, {
    cwd: process.cwd(),
    output: process.stdout,
    preload: './dist/scripts/end-with-parent.js',
    ...(process.stdout.isTTY && { formatLine: prettyLine }),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => supervisor.stop());
  void announce(supervisor, { gatewayUrl, orchestratorUrl, indexerUrl }, config);
  return supervisor;
}

const scriptOf = (app: string): string => `dist/apps/${app}/src/main.js`;

/** The ports that the processes listen on, by the variables that set them. */
const portsOf = ({ gatewayPort, orchestrator, elasticsearch, indexer, ports }: Config): Record<string, number> => ({
  GATEWAY_HTTP_PORT: gatewayPort,
  ORCHESTRATOR_HTTP_PORT: orchestrator.port,
  ...(elasticsearch && { INDEXER_HTTP_PORT: indexer.port }),
  ...Object.fromEntries(serviceNames.map((name) => [tcpPortVariable(name), ports[name]])),
});

interface Urls {
  gatewayUrl: string;
  orchestratorUrl: string;
  /** Nothing when there is no Elasticsearch. */
  indexerUrl: string | undefined;
}

/**
 * Says where everything is, once, as soon as all processes answer and have found all services. The indexer need not be
 * ready: it may take a while to fill an index, or to find its Elasticsearch.
 */
async function announce(
  supervisor: Supervisor,
  { gatewayUrl, orchestratorUrl, indexerUrl }: Urls,
  config: Config,
): Promise<void> {
  const startedAt = Date.now();
  let toldSlow = false;
  for (const url of [gatewayUrl, orchestratorUrl, ...(indexerUrl === undefined ? [] : [indexerUrl])]) {
    while (!(await findsAll(`${url}/health/ready`, { evenUnready: url === indexerUrl }))) {
      if (!toldSlow && Date.now() - startedAt > SLOW_START_MS) {
        supervisor.say(`not ready after ${SLOW_START_MS / 1000} s; ${url}/health/ready tells what is missing`);
        toldSlow = true;
      }
      await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
    }
  }
  const storeIsEmpty = await isEmpty(`${gatewayUrl}/bands?limit=1`);
  // What was answered just now is logged after its answer, and shall not come between what is said here.
  await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
  const services = serviceNames.map((name) => `${name} tcp://${config.services[name].host}:${config.services[name].port}`);
  supervisor.say(`ready: ${gatewayUrl} (API documentation: ${gatewayUrl}/api); ${services.join(', ')}`);
  supervisor.say(`writes: ${orchestratorUrl} (API documentation: ${orchestratorUrl}/api); ${whereTheTokenIs(config)}`);
  if (indexerUrl !== undefined)
    supervisor.say(
      `search index: ${config.elasticsearch?.url}, ${whatAnswers(config)}; ${indexerUrl}/health/ready says how far it is`,
    );
  if (storeIsEmpty) {
    supervisor.say('The store is empty: `make demo` fills it with generated concerts, `make import FROM=folder` loads yours.');
  }
}

/** Never the token itself: what is said here is seen by who looks over a shoulder, and kept in logs. */
const whereTheTokenIs = ({ orchestrator }: Config): string =>
  orchestrator.writeTokens.length > 0
    ? 'the token is what follows the colon in WRITE_TOKENS, in .env or the environment'
    : 'they are closed, since WRITE_TOKENS is empty';

const whatAnswers = ({ readModel }: Config): string =>
  readModel === 'elasticsearch'
    ? 'which answers searches once it is filled'
    : 'which answers no searches until READ_MODEL=elasticsearch';

const get = (url: string) => fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });

async function findsAll(readinessUrl: string, { evenUnready }: { evenUnready: boolean }): Promise<boolean> {
  try {
    const response = await get(readinessUrl);
    const readiness: unknown = await response.json();
    return (response.ok || evenUnready) && serviceNames.every((name) => isUp(readiness, name));
  } catch {
    return false; // it does not listen yet
  }
}

// Not checked by the schema of the contracts: loading it would take longer than the rest of this program.
const isUp = (readiness: unknown, service: string) => property(property(property(readiness, 'services'), service), 'up') === true;

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

async function isEmpty(listUrl: string): Promise<boolean> {
  try {
    const list: unknown = await (await get(listUrl)).json();
    return Array.isArray(list) && list.length === 0;
  } catch {
    return false; // whoever asks the gateway next learns what is wrong; here it is an offer only
  }
}

process.exit(await runCommand(main));
