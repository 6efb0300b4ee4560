import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MongoClient } from 'mongodb';
import { serviceNames } from '#config';
import { cpuMsOfAll } from '../support/cpu-time.js';
import { freePorts, tcpPortVariables } from '../support/ports.js';

const DIST = resolve(import.meta.dirname, '../..');
const MONGOD = resolve(DIST, '../.engines/mongod');
const END_WITH_PARENT = pathToFileURL(join(DIST, 'scripts/end-with-parent.js')).href;
const HOST = '127.0.0.1';

/** Opening a store of 2 million concerts takes a second or two. */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** More than any drain; then the process is killed. */
const STOP_TIMEOUT_MS = 20_000;
const OUTPUT_TAIL_LENGTH = 4_096;
/** Each system may cache what a small server has: SQLite takes 128 MiB a service. */
const MONGO_CACHE_GB = 1;

export type Store = 'sqlite' | 'mongodb';

/** What a system keeps its data in, and what it was filled from. */
export interface SystemOptions {
  store: Store;
  /** A folder that is kept from run to run. */
  folder: string;
  /** What is imported when the folder is new. */
  importFrom: string;
  /** Where CPU profiles of the five processes are written. */
  profileFolder?: string | undefined;
}

/** The four services and the gateway as processes of their own, and a MongoDB when they use one. */
export class BenchSystem implements AsyncDisposable {
  private constructor(
    readonly url: string,
    /** What the import said about its speed, when it took place. */
    readonly imported: string | undefined,
    readonly mongoVersion: string | undefined,
    private readonly children: readonly Child[],
  ) {}

  static async start({ store, folder, importFrom, profileFolder }: SystemOptions): Promise<BenchSystem> {
    await mkdir(folder, { recursive: true });
    const mongo = store === 'mongodb' ? await startMongo(folder) : undefined;
    const ports = await freePorts(serviceNames.length + 1);
    const variables = environment({ ports, folder, mongoUrl: mongo?.url });
    const imported = await importOnce(folder, importFrom, variables);
    const profile = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileFolder)}`];
    const apps = [...serviceNames, 'concerts-gateway'].map(
      (name) =>
        new Child(process.execPath, [...profile, '--import', END_WITH_PARENT, join(DIST, `apps/${name}/src/main.js`)], {
          name,
          folder,
          variables,
        }),
    );
    const url = `http://${HOST}:${variables.GATEWAY_HTTP_PORT}`;
    await ready(url);
    return new BenchSystem(url, imported, mongo?.version, [...apps, ...(mongo ? [mongo.process] : [])]);
  }

  /** CPU time of all processes since their start; undefined where the system does not tell. */
  cpuMs(): Promise<number | undefined> {
    return cpuMsOfAll(this.children.map(({ pid }) => pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The last one first: a MongoDB ends after the services that use it.
    const [mongo, ...apps] = this.children.toReversed();
    const first = this.mongoVersion === undefined ? [mongo, ...apps] : apps;
    await Promise.all(first.map((child) => child?.stop()));
    await mongo?.stop();
  }
}

class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<unknown>;
  #isStopping = false;
  #outputTail = '';

  constructor(
    program: string,
    programArguments: readonly string[],
    { name, folder, variables = {} }: { name: string; folder: string; variables?: Record<string, string> },
  ) {
    this.#name = name;
    this.#process = spawn(program, programArguments, {
      cwd: folder,
      env: variables,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', (text) => {
        this.#outputTail = `${this.#outputTail}${text}`.slice(-OUTPUT_TAIL_LENGTH);
      });
    }
    this.#ended = once(this.#process, 'close');
    running.add(this);
    this.#process.once('close', () => {
      running.delete(this);
      if (!this.#isStopping) throw new Error(`${name} ended: ${this.#outputTail.trim() || 'without a word'}`);
    });
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#name} was not started`);
    return pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#process.kill('SIGTERM');
    const killing = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(killing);
  }

  /** Resolves with what it said when it ended by itself, with the status 0. */
  async finished(): Promise<string> {
    this.#isStopping = true;
    await this.#ended;
    const output = this.#outputTail.trim();
    if (this.#process.exitCode !== 0) throw new Error(`${this.#name} failed: ${output}`);
    return output;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

/** What must not stay behind, however the bench ends. */
const running = new Set<Child>();
process.once('exit', () => {
  for (const child of running) child.kill();
});

// Nothing is taken from the environment of the bench, and no `.env` is in the folder: a run is the same everywhere.
function environment({ ports, folder, mongoUrl = '' }: { ports: number[]; folder: string; mongoUrl?: string | undefined }) {
  return {
    ...tcpPortVariables(ports),
    GATEWAY_HTTP_PORT: String(ports.at(-1)),
    HOST,
    DATA_DIR: folder,
    MONGO_URL: mongoUrl,
    LOG_LEVEL: 'warn',
  };
}

/** @returns what the import said about its speed, unless the folder was filled by an earlier run */
async function importOnce(folder: string, from: string, variables: Record<string, string>): Promise<string | undefined> {
  const mark = join(folder, 'imported.txt');
  const kept = await readFile(mark, 'utf8').catch(() => undefined);
  if (kept !== undefined) return undefined;
  const program = [join(DIST, 'scripts/import.js'), '--from', resolve(from)];
  const output = await new Child(process.execPath, program, { name: 'the import', folder, variables }).finished();
  const speed = /[\d,]+ rows in [\d.,]+ s, [\d,]+ rows\/s/.exec(output)?.[0] ?? output;
  await writeFile(mark, `${speed}\n`);
  return speed;
}

async function ready(url: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady(url))) {
    if (performance.now() > deadline) throw new Error(`not ready ${READY_TIMEOUT_MS / 1_000} s after the start`);
    await sleep(POLL_MS);
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`).catch(() => undefined);
  if (!response?.ok) return false;
  const { services }: { services: Record<string, { up: boolean }> } = JSON.parse(await response.text());
  return Object.values(services).every(({ up }) => up);
}

interface Mongo {
  url: string;
  version: string;
  process: Child;
}

/** A MongoDB on a free port: a replica set of one node, whose data stay in the folder. */
async function startMongo(folder: string): Promise<Mongo> {
  const dbpath = join(resolve(folder), 'mongodb');
  await mkdir(dbpath, { recursive: true });
  const [port = 0] = await freePorts(1);
  const address = ['--bind_ip', HOST, '--port', String(port), '--replSet', 'rs0'];
  const bounds = [
    '--wiredTigerCacheSizeGB',
    String(MONGO_CACHE_GB),
    '--setParameter',
    'shutdownTimeoutMillisForSignaledShutdown=0',
  ];
  const child = new Child(MONGOD, ['--dbpath', dbpath, ...address, ...bounds], { name: 'mongod', folder });
  const client = new MongoClient(`mongodb://${HOST}:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: READY_TIMEOUT_MS,
  });
  try {
    const admin = client.db('admin');
    const { version }: { version?: string } = await admin.command({ buildInfo: 1 });
    await makePrimary(client, `${HOST}:${port}`);
    return { url: `mongodb://${HOST}:${port}/?replicaSet=rs0&directConnection=true`, version: version ?? '', process: child };
  } finally {
    await client.close();
  }
}

/** Makes the replica set, or tells it the port of this run: one member whose address is wrong takes no part in it. */
async function makePrimary(client: MongoClient, host: string): Promise<void> {
  const admin = client.db('admin');
  const members = [{ _id: 0, host }];
  const { config } = await admin.command({ replSetGetConfig: 1 }).catch(() => ({ config: undefined }));
  if (config === undefined) await admin.command({ replSetInitiate: { _id: 'rs0', members } });
  else await admin.command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true });
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await admin.command({ hello: 1 }))['isWritablePrimary']) {
    if (performance.now() > deadline) throw new Error('the MongoDB has not become primary');
    await sleep(POLL_MS);
  }
}
