import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceNames } from '#config';
import { freePorts } from '../support/ports.js';
import { ownPlace, WRITE_SECRET } from '../support/process-system.js';
import { KeptProcess } from './kept-process.js';

/** Seven processes that start at once on a busy machine. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** On MongoDB two orchestrators share a journal; a file belongs to one. */
const ORCHESTRATORS = { sqlite: 1, mongodb: 2 };

/** The whole system as it really runs, on stores and ports of its own, kept running by a supervisor. */
export class KeptSystem {
  private constructor(
    readonly environment: Readonly<Record<string, string>>,
    readonly gateway: string,
    readonly orchestrators: readonly string[],
    /** The services and the orchestrators. */
    readonly mortals: readonly KeptProcess[],
    private readonly immortal: KeptProcess,
    private readonly folder: string,
  ) {}

  /** Resolves when all answer. @param mongoUrl without one the stores are SQLite files */
  static async start(mongoUrl: string | undefined): Promise<KeptSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'backline-kills-'));
    const place = await ownPlace(folder);
    const environment = { ...place, LOG_LEVEL: 'warn', MONGO_URL: mongoUrl ?? '', WRITE_TOKENS: `bench:${WRITE_SECRET}` };
    const ports = await freePorts(ORCHESTRATORS[mongoUrl === undefined ? 'sqlite' : 'mongodb']);
    const kept = (name: string, app: string, variables = {}) =>
      new KeptProcess(name, `apps/${app}/src/main.js`, { cwd: folder, environment: { ...environment, ...variables } });
    const system = new KeptSystem(
      environment,
      `http://127.0.0.1:${place['GATEWAY_HTTP_PORT']}`,
      ports.map((port) => `http://127.0.0.1:${port}`),
      [
        ...serviceNames.map((name) => kept(name, name)),
        ...ports.map((port, at) => kept(`orchestrator ${at + 1}`, 'orchestrator', { ORCHESTRATOR_HTTP_PORT: String(port) })),
      ],
      kept('concerts-gateway', 'concerts-gateway'),
      folder,
    );
    try {
      await system.ready();
    } catch (error) {
      await system.close();
      throw error;
    }
    return system;
  }

  /** Resolves when the gateway and every orchestrator reach all services. */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (const url of [this.gateway, ...this.orchestrators]) {
      while (!(await isReady(url))) {
        if (Date.now() > deadline) throw new Error(`${url} is not ready: ${this.deaths.join('; ') || 'nobody knows why'}`);
        await sleep(POLL_MS);
      }
    }
  }

  /** What processes said that ended without being killed. */
  get deaths(): string[] {
    return [...this.mortals, this.immortal].flatMap(({ deaths }) => deaths);
  }

  async close(): Promise<void> {
    await Promise.all([...this.mortals, this.immortal].map((process) => process.end()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const text = await (await fetch(`${url}/health/ready`)).text();
    return text.split('"up":true').length > serviceNames.length;
  } catch {
    return false; // it does not listen yet
  }
}
