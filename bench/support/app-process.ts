import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freeze } from './freeze.js';

/** The compiled programs of the project, which tests and benchmarks are run in the folder of. */
const DIST = join(process.cwd(), 'dist');
const END_WITH_PARENT = pathToFileURL(join(DIST, 'scripts/end-with-parent.js')).href;
const COMPILE_CACHE = join(process.cwd(), 'node_modules/.cache/node');
/** What is kept of the output: enough for its last words, and a process that logs each request fills no memory. */
const OUTPUT_TAIL_LENGTH = 64 * 1_024;
/** A process drains for at most 10 s; one that is still there then does not end by itself. */
const END_TIMEOUT_MS = 20_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of the standard output. */
  output: string;
  /** The end of the standard error. */
  errors: string;
}

export interface AppOptions {
  /** The folder it runs in: one of its own, where no `.env` is but the test's. */
  cwd: string;
  /** All its variables: nothing of this process's environment reaches it. */
  environment: Readonly<Record<string, string>>;
  /** The user it runs as, by default this process's. */
  uid?: number;
  /** In a process group of its own, which is signalled as a whole, as a terminal does it. */
  ownGroup?: boolean;
}

/** A real process of the compiled program, which ends with this one. */
export class AppProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #ownGroup: boolean;
  #output = '';
  #errors = '';

  /** @param script the compiled file, from the folder of all compiled files: `apps/bands/src/main.js` */
  constructor(script: string, { cwd, environment, uid, ownGroup = false }: AppOptions) {
    this.#ownGroup = ownGroup;
    this.#child = spawn(process.execPath, ['--import', END_WITH_PARENT, join(DIST, script)], {
      cwd,
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: ownGroup,
      ...(uid !== undefined && { uid }),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.#output = `${this.#output}${text}`.slice(-OUTPUT_TAIL_LENGTH);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-OUTPUT_TAIL_LENGTH);
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({
      code,
      signal,
      output: this.#output,
      errors: this.#errors,
    }));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process was not started');
    return pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has printed, of both kinds. */
  get printed(): string {
    return this.#output + this.#errors;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (this.#ownGroup) process.kill(-this.pid, signal);
    else this.#child.kill(signal);
  }

  /** Lets it stand still, with its connections open, until it is thawed. */
  freeze(): Promise<void> {
    return freeze(this.#ownGroup ? -this.pid : this.pid);
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Ends it in order, or with force when it does not end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal);
    this.thaw();
    const killing = setTimeout(() => this.signal('SIGKILL'), END_TIMEOUT_MS);
    const ended = await this.ended;
    clearTimeout(killing);
    return ended;
  }
}

/** Runs a program that ends by itself. */
export const runToEnd = async (script: string, options: AppOptions): Promise<Ended> => {
  const app = new AppProcess(script, options);
  const killing = setTimeout(() => app.signal('SIGKILL'), END_TIMEOUT_MS);
  const ended = await app.ended;
  clearTimeout(killing);
  return ended;
};
