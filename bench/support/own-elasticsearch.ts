import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeze } from './freeze.js';
import { freePorts, isListening } from './ports.js';

/** Where `make engines` puts it; tests and benchmarks are run in the project's folder. */
export const ELASTICSEARCH_HOME = join(process.cwd(), '.engines/elasticsearch-9.2.0');

/** It takes ten seconds, and much longer on a busy machine. */
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 30_000;
const ASK_TIMEOUT_MS = 5_000;
const POLL_MS = 100;
const HOST = '127.0.0.1';
/** The user and the group nobody, on every Linux: Elasticsearch refuses to run as root. */
const NOBODY = 65_534;
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
/** Halves the processor time of a start, and makes slower what runs for long. */
const QUICK_START = '-XX:TieredStopAtLevel=1';
/** Lines of its log that an error shows. */
const LOG_LINES = 5;

/** What differs from an open server. */
export interface ElasticsearchOptions {
  /** More lines of elasticsearch.yml. */
  settings?: readonly string[];
  /** More files of its configuration folder: their names and what they hold. */
  files?: Readonly<Record<string, string>>;
  /** The `Authorization` header to ask with whether it is ready. */
  authorization?: string;
  /** Its code is compiled for speed. */
  isMeasured?: boolean;
}

/** An Elasticsearch of one node, on ports and in a folder of its own, that may be killed and started again on both. */
export class OwnElasticsearch {
  #launcher: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly options: ElasticsearchOptions,
  ) {}

  static async start(options: ElasticsearchOptions = {}): Promise<OwnElasticsearch> {
    const [port = 0, transportPort = 0] = await freePorts(2);
    const folder = await mkdtemp(join(tmpdir(), 'backline-elasticsearch-'));
    const elasticsearch = new OwnElasticsearch(folder, port, options);
    try {
      await elasticsearch.#configure(transportPort);
      await elasticsearch.resume();
    } catch (error) {
      await elasticsearch.stop();
      throw error;
    }
    return elasticsearch;
  }

  get url(): string {
    return `http://${HOST}:${this.port}`;
  }

  /** Lets the server stand still, with its connections open, until it is thawed. */
  async freeze(): Promise<void> {
    if (!this.#launcher?.pid) throw new Error('the Elasticsearch does not run');
    await freeze(-this.#launcher.pid);
  }

  thaw(): void {
    if (this.#launcher) signalGroup(this.#launcher, 'SIGCONT');
  }

  /** Ends the server in peace; its files stay. */
  async pause(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the server at once; its files stay. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts the server on its files, and waits until it answers for all its indices. */
  async resume(): Promise<void> {
    const program = join(ELASTICSEARCH_HOME, 'bin/elasticsearch');
    const folders = { ES_PATH_CONF: join(this.folder, 'config'), ES_TMPDIR: join(this.folder, 'tmp') };
    // The launcher ends with this process, however that comes, and the server with its launcher.
    const launcher = spawn('setpriv', ['--pdeathsig=KILL', program], {
      ...asNobody,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', CLI_JAVA_OPTS: QUICK_START, ...folders },
      stdio: 'ignore',
      // A group of its own: launcher and server get each signal together.
      detached: true,
    });
    await once(launcher, 'spawn');
    this.#launcher = launcher;
    const until = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#isReady())) {
      if (hasEnded(launcher) || Date.now() > until) throw new Error(`Elasticsearch did not start: ${await this.#lastWords()}`);
      await sleep(POLL_MS);
    }
  }

  /** Ends the server and removes its files. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #configure(transportPort: number): Promise<void> {
    const config = join(this.folder, 'config');
    const folders = [config, ...['data', 'logs', 'tmp'].map((name) => join(this.folder, name))];
    for (const folder of folders) await mkdir(folder);
    const settings = [
      'discovery.type: single-node',
      `http.host: ${HOST}`,
      `http.port: ${this.port}`,
      `transport.host: ${HOST}`,
      `transport.port: ${transportPort}`,
      `path.data: ${join(this.folder, 'data')}`,
      `path.logs: ${join(this.folder, 'logs')}`,
      'cluster.routing.allocation.disk.threshold_enabled: false',
      ...(this.options.settings ?? ['xpack.security.enabled: false']),
    ];
    await writeFile(join(config, 'elasticsearch.yml'), settings.join('\n'));
    const jvmOptions = [
      '-Xms512m',
      '-Xmx512m',
      '-XX:+ExitOnOutOfMemoryError',
      `-Djava.io.tmpdir=${join(this.folder, 'tmp')}`,
      ...(this.options.isMeasured ? [] : [QUICK_START]),
    ];
    await writeFile(join(config, 'jvm.options'), jvmOptions.join('\n'));
    await copyFile(join(ELASTICSEARCH_HOME, 'config/log4j2.properties'), join(config, 'log4j2.properties'));
    for (const [name, text] of Object.entries(this.options.files ?? {})) await writeFile(join(config, name), text);
    const { uid, gid } = { uid: -1, gid: -1, ...asNobody };
    for (const folder of [this.folder, ...folders]) await chown(folder, uid, gid);
  }

  async #isReady(): Promise<boolean> {
    const { authorization } = this.options;
    try {
      const answer = await fetch(`${this.url}/_cluster/health?wait_for_status=yellow&timeout=1s`, {
        headers: authorization === undefined ? {} : { authorization },
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false; // not listening yet
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const launcher = this.#launcher;
    if (!launcher) return;
    this.#launcher = undefined;
    signalGroup(launcher, signal);
    const until = Date.now() + STOP_TIMEOUT_MS;
    while (!hasEnded(launcher) || (await isListening(HOST, this.port))) {
      if (Date.now() > until) throw new Error(`Elasticsearch did not end: ${await this.#lastWords()}`);
      await sleep(POLL_MS);
    }
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(join(this.folder, 'logs/elasticsearch.log'), 'utf8').catch(() => 'it has no log');
    return log.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  }
}

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess) => pid === undefined || exitCode !== null || signalCode !== null;

function signalGroup(launcher: ChildProcess, signal: NodeJS.Signals): void {
  if (launcher.pid !== undefined && !hasEnded(launcher)) process.kill(-launcher.pid, signal);
}
