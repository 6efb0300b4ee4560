import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig, type ServiceName, serviceNames } from '#config';
import { generateWorld, type WorldOptions } from '#demo';
import { RpcClient } from '#rpc';
import { AppProcess } from './app-process.js';
import { loadRows, type Rows } from './load-rows.js';
import { freePorts, isListening, tcpPortVariables } from './ports.js';

const appNames = [...serviceNames, 'concerts-gateway', 'orchestrator', 'indexer'] as const;
export type AppName = (typeof appNames)[number];

/** Variables that some process has otherwise than all others. */
type OwnVariables = Readonly<Partial<Record<AppName, Readonly<Record<string, string>>>>>;

/** The secret that writes are sent with, as `Authorization: Bearer`. */
export const WRITE_SECRET = '0123456789abcdef0123456789abcdef';
/** Seven processes that start at once on a busy machine. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/**
 * The whole system as it really runs: a process for each service, the gateway, the orchestrator and, where ELASTICSEARCH_URL
 * is set, the indexer, on stores and ports of its own.
 */
export class ProcessSystem {
  /** Of the gateway. */
  readonly url: string;
  /** Of the orchestrator. */
  readonly writesUrl: string;
  readonly indexerUrl: string;
  readonly #processes = new Map<AppName, AppProcess>();

  private constructor(
    readonly folder: string,
    readonly environment: Readonly<Record<string, string>>,
    private readonly own: OwnVariables,
  ) {
    this.url = `http://127.0.0.1:${environment.GATEWAY_HTTP_PORT}`;
    this.writesUrl = `http://127.0.0.1:${environment.ORCHESTRATOR_HTTP_PORT}`;
    this.indexerUrl = `http://127.0.0.1:${environment.INDEXER_HTTP_PORT}`;
  }

  /** Resolves when all answer. @param variables besides those of the ports and the folder @param own of single processes */
  static async start(variables: Readonly<Record<string, string>> = {}, own: OwnVariables = {}): Promise<ProcessSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'backline-processes-'));
    const place = { ...(await ownPlace(folder)), WRITE_TOKENS: `local:${WRITE_SECRET}` };
    const system = new ProcessSystem(folder, { ...place, LOG_LEVEL: 'warn', ...variables }, own);
    try {
      for (const name of appNames) if (name !== 'indexer' || system.environment['ELASTICSEARCH_URL']) system.start(name);
      await system.ready();
    } catch (error) {
      await system.close();
      throw error;
    }
    return system;
  }

  /** Starts a process that does not run, as it was before. */
  start(name: AppName): AppProcess {
    const environment = { ...this.environment, ...this.own[name] };
    const app = new AppProcess(`apps/${name}/src/main.js`, { cwd: this.folder, environment });
    this.#processes.set(name, app);
    return app;
  }

  /** Starts a service again and resolves when its port answers, before anyone in particular has found it. */
  async restart(service: ServiceName): Promise<void> {
    this.start(service);
    const { host, port } = readConfig(this.environment).services[service];
    await until(
      () => isListening(host, port),
      () => `${service} does not listen`,
    );
  }

  process(name: AppName): AppProcess {
    const app = this.#processes.get(name);
    if (!app) throw new Error(`${name} was not started`);
    return app;
  }

  /** Those that run. */
  get pids(): number[] {
    return [...this.#processes.values()].filter((app) => app.isRunning).map(({ pid }) => pid);
  }

  /** Resolves when the gateway, the orchestrator with its journal, and all services answer. */
  async ready(): Promise<void> {
    await until(
      () => this.#isReady(),
      () => `the system is not ready: ${[...this.#processes.values()].map(({ printed }) => printed).join('')}`,
    );
  }

  client(service: ServiceName): RpcClient {
    return new RpcClient({ service, ...readConfig(this.environment).services[service] });
  }

  /** Fills the stores with an invented world. */
  async load(options: WorldOptions): Promise<void> {
    const { bands, venues, happenings } = generateWorld(options);
    const all = [...happenings()];
    const events = all.flatMap(({ event }) => event ?? []);
    await this.upsert({ bands, venues, events, concerts: all.flatMap((happening) => happening.concerts) });
  }

  /** Writes rows as an import does it. */
  async upsert(rows: Rows): Promise<void> {
    const clients = {
      bands: this.client('bands'),
      venues: this.client('venues'),
      events: this.client('events'),
      concerts: this.client('concerts'),
    };
    try {
      await loadRows(clients, rows);
    } finally {
      for (const service of serviceNames) clients[service].close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].filter((app) => app.isRunning).map((app) => app.end()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    const up = await Promise.all([this.url, this.writesUrl].map(countUp));
    return up[0] === serviceNames.length && up[1] === serviceNames.length + 1;
  }
}

/** How many things are up that the readiness of a process tells of. */
async function countUp(url: string): Promise<number> {
  try {
    const text = await (await fetch(`${url}/health/ready`)).text();
    return text.split('"up":true').length - 1;
  } catch {
    return 0; // it does not listen yet
  }
}

/** The variables that keep a system apart from all others on the machine. */
export async function ownPlace(folder: string): Promise<Record<string, string>> {
  const [gateway, orchestrator, indexer, ...tcp] = await freePorts(3 + serviceNames.length);
  return {
    DATA_DIR: join(folder, 'data'),
    GATEWAY_HTTP_PORT: String(gateway),
    ORCHESTRATOR_HTTP_PORT: String(orchestrator),
    INDEXER_HTTP_PORT: String(indexer),
    ...tcpPortVariables(tcp),
  };
}

/** Resolves when it holds. @throws Error with the complaint when it does not within a minute */
export async function until(holds: () => boolean | Promise<boolean>, complaint: () => string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`after ${READY_TIMEOUT_MS / 1_000} s ${complaint()}`);
    await sleep(POLL_MS);
  }
}
