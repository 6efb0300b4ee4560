import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '#config';
import type { ExecutionRow } from '#contracts';
import { audit } from '../../scripts/audit/audit.js';
import { listExecutions, pages } from '../storms/executions.js';
import { seededRandom } from '../support/seeded-random.js';
import { WriteClient } from '../support/write-client.js';
import { Client, type Exchange } from './client.js';
import { KeptSystem } from './kept-system.js';
import { brokenPromises } from './promises.js';
import { Writes } from './writes.js';

export interface KillsOptions {
  /** Of a replica set, where the databases of this run are made; without one the stores are SQLite files. */
  mongoUrl: string | undefined;
  seconds: number;
  executions: number;
  clients: number;
}

export interface KillsReport {
  /** By the status of their answers. */
  answers: Record<string, number>;
  /** By the status of their ends. */
  executions: Record<string, number>;
  killsOf: Record<string, number>;
  sendings: number;
  /** Writes that were first sent while there were kills. */
  begunUnderKills: number;
  longestMs: number;
  /** What is wrong, a line each, by what was promised to clients and by the audit. */
  broken: string[];
  findings: string[];
  audited: string;
}

/** Between two kills. */
const MIN_CALM_MS = 500;
const MAX_CALM_MS = 2_000;
/** All ends within this after the last kill: the longest pause of an undo is 30 s. */
const END_TIMEOUT_MS = 120_000;
const END_POLL_MS = 250;
/** So many requests are sent once more after their answer, which must then be the same. */
const REPEATED_SHARE = 0.1;

/** Kills services and orchestrators at random while clients write, and finds out what came of it. */
export async function killUnderWrites(options: KillsOptions): Promise<KillsReport> {
  const system = await KeptSystem.start(options.mongoUrl);
  const reader = new WriteClient(system.orchestrators[0] ?? '');
  try {
    const startedAt = Date.now();
    const writing = new Writing(system, options, startedAt);
    const killedUntil = startedAt + options.seconds * 1_000;
    await killAtRandom(system, killedUntil);
    const { exchanges, broken } = await writing.ended;
    await system.ready();
    const running = await awaitEnd(reader);
    const rows = await listExecutions(reader);
    const { findings, entities } = await audit(readConfig(system.environment));
    return {
      answers: countBy(exchanges, ({ answer }) => String(answer.status)),
      executions: countBy(rows, ({ status }) => status),
      killsOf: Object.fromEntries(system.mortals.map(({ name, kills }) => [name, kills])),
      sendings: exchanges.reduce((sum, { sendings }) => sum + sendings, 0),
      begunUnderKills: exchanges.filter(({ sentAt }) => sentAt < killedUntil).length,
      longestMs: Math.max(...rows.map(({ startedAt: from, endedAt }) => (endedAt ?? Date.now()) - from)),
      broken: [
        ...broken,
        ...running.map((id) => `lost: the execution ${id} has not come to an end`),
        ...(rows.length > exchanges.length ? [`doubled: ${exchanges.length} keys have ${rows.length} executions`] : []),
        ...(rows.length < exchanges.length ? [`lost: ${exchanges.length} keys have ${rows.length} executions`] : []),
        ...(await brokenPromises(exchanges, system.gateway)),
        ...system.deaths,
      ],
      findings,
      audited: Object.entries(entities)
        .map(([kind, { live, deleted }]) => `${live} ${kind} and ${deleted} deleted`)
        .join(', '),
    };
  } finally {
    reader.close();
    await system.close();
  }
}

async function killAtRandom(system: KeptSystem, until: number): Promise<void> {
  const random = seededRandom(1);
  for (;;) {
    await sleep(MIN_CALM_MS + random() * (MAX_CALM_MS - MIN_CALM_MS));
    if (Date.now() >= until) return;
    const running = system.mortals.filter(({ isRunning }) => isRunning);
    running[Math.floor(random() * running.length)]?.kill();
  }
}

/** All the writes of a run, spread over its time. */
class Writing {
  readonly exchanges: Exchange[] = [];
  /** Requests that were answered otherwise when they were sent again, a line each. */
  readonly broken: string[] = [];
  readonly ended: Promise<this>;
  readonly #random = seededRandom(2);
  readonly #writes = new Writes(this.#random);
  #begun = 0;

  constructor(
    private readonly system: KeptSystem,
    private readonly options: KillsOptions,
    private readonly startedAt: number,
  ) {
    this.ended = Promise.all(Array.from({ length: options.clients }, () => this.#work())).then(() => this);
  }

  async #work(): Promise<void> {
    const { seconds, executions } = this.options;
    const client = new Client(this.system.orchestrators, this.#random);
    while (this.#begun < executions) {
      const dueAt = this.startedAt + (seconds * 1_000 * this.#begun) / executions;
      this.#begun += 1;
      await sleep(Math.max(0, dueAt - Date.now()));
      const exchange = await client.exchange(this.#writes.next());
      this.#writes.learnFrom(exchange.write, exchange.answer);
      this.exchanges.push(exchange);
      if (this.#random() < REPEATED_SHARE) this.broken.push(...(await otherAnswer(client, exchange)));
    }
  }
}

async function otherAnswer(client: Client, { write, answer }: Exchange): Promise<string[]> {
  if (answer.status === 0) return [];
  const { answer: again } = await client.exchange({ ...write, isStopped: false });
  const isSame = again.isReplayed && again.status === answer.status && again.text === answer.text;
  if (isSame || again.status === 0) return [];
  return [`doubled: ${write.method} ${write.path} (${write.key}) was answered with ${answer.status}, then with ${again.status}`];
}

/** @returns the executions that run on */
async function awaitEnd(reader: WriteClient): Promise<string[]> {
  for (const deadline = Date.now() + END_TIMEOUT_MS; ; await sleep(END_POLL_MS)) {
    const running = await pages<ExecutionRow>(reader, '/executions?status=RUNNING');
    if (running.length === 0 || Date.now() > deadline) return running.map(({ id }) => id);
  }
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return counts;
}
