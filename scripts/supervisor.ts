import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type CloseEvent, type Command, createConcurrently, type FlowController, LogError, Logger } from 'concurrently';
import { EXIT_CANNOT_START } from '#problem';

/** A process that dies is started again after this, always: a service that comes back must not wait for a grown delay. */
export const RESTART_DELAY_MS = 500;

/** All processes end within two seconds: what has not drained by then is killed, with time left for the kill itself. */
const DRAIN_MS = 1_700;

/**
 * Who calls others mostly drains in less, and the rest of the time is for those whom they call. Who waits for what hangs takes
 * longer, the gateway 2 s for a service and the indexer 3 s for its Elasticsearch: that is killed in the middle of it.
 */
const CALLERS_DRAIN_MS = 1_000;

/** `npm` passes on the SIGINT that the terminal has sent to this process too: nobody presses Ctrl-C twice within this. */
const SAME_SIGNAL_MS = 300;

/** Index of the IPC channel among a child's descriptors; `end-with-parent` listens there. */
const IPC_DESCRIPTOR = 3;

const PREFIX_COLORS = ['cyan', 'magenta', 'yellow', 'green', 'blue'];

export interface SupervisedProcess {
  /** what its lines are prefixed with */
  name: string;
  /** the JavaScript file that `node` runs, relative to `cwd` */
  script: string;
  /** the others call it, so it ends after them: none of them loses it while it drains */
  isCalled?: boolean;
}

export interface SupervisorOptions {
  /** the folder that every process runs in */
  cwd: string;
  output: Writable;
  /** how a line of a process is shown; as it is by default */
  formatLine?: (line: string) => string;
  /** a module that each process loads first */
  preload?: string;
  /** how long all together may take to end, before they are killed */
  drainMs?: number;
  /** how long who calls others may take to end, before those whom they call are told to end too */
  callersDrainMs?: number;
}

export interface Supervisor {
  /** resolves once no process is left: 0 after `stop`, 78 when a process said that it can never succeed */
  ended: Promise<number>;
  /**
   * ends every process: SIGTERM to who calls others, then, when these are over or a second has passed, to those whom they call,
   * and SIGKILL for what is still there after 1.7 s; called again later than 300 ms after that, SIGKILL at once
   */
  stop(): void;
  say(text: string): void;
}

/** Runs each process as one `node`, without a shell between, so that signals reach it; prefixes its lines; restarts it when it dies. */
export function supervise(processes: SupervisedProcess[], options: SupervisorOptions): Supervisor {
  const children = new Map<number, ChildProcess>();
  const logger = new Logger({});
  logger.setPrefixLength(Math.max(...processes.map(({ name }) => name.length)));
  const called = new Set(processes.filter(({ isCalled }) => isCalled).map(({ name }) => name));
  const { drainMs = DRAIN_MS, callersDrainMs = CALLERS_DRAIN_MS } = options;
  const keeper = new Keeper(logger, called, { drainMs, callersDrainMs });

  const { result } = createConcurrently(
    processes.map(({ name, script }) => ({ name, command: script, ipc: IPC_DESCRIPTOR })),
    {
      cwd: options.cwd,
      logger,
      outputStream: options.output,
      prefixColors: PREFIX_COLORS,
      controllers: [new LogError({ logger }), new LogLines(logger, keeper, options.formatLine ?? ((line) => line)), keeper],
      spawn: (script, spawnOptions) => {
        const child = spawn(process.execPath, [...(options.preload ? ['--import', options.preload] : []), script], {
          ...spawnOptions,
          // A process group of its own: Ctrl-C is for this process, which ends the others in their order.
          detached: true,
        });
        const { pid } = child;
        if (pid !== undefined) {
          children.set(pid, child);
          child.once('exit', () => children.delete(pid));
        }
        return child;
      },
      kill: (pid, signal) => children.get(pid)?.kill(signal === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM'),
    },
  );
  // It settles as soon as all processes happen to be down at once, which is no end here: the keeper knows the end.
  void Promise.allSettled([result]);
  return keeper;
}

type DrainTimes = Required<Pick<SupervisorOptions, 'drainMs' | 'callersDrainMs'>>;

/** Keeps every command running until it is told to stop, or until one of them says that it can never run. */
class Keeper implements FlowController, Supervisor {
  readonly #logger: Logger;
  readonly #called: ReadonlySet<string>;
  readonly #times: DrainTimes;
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #lastLines = new Map<Command, string>();
  readonly #ended = Promise.withResolvers<number>();
  readonly ended = this.#ended.promise;
  #commands: Command[] = [];
  #exitCode = 0;
  #lastWord: string | undefined;
  /** Of `performance.now()`. */
  #stoppedAt: number | undefined;
  #calledAreStopping = false;

  /** @param called the names of those that end after the others */
  constructor(logger: Logger, called: ReadonlySet<string>, times: DrainTimes) {
    this.#logger = logger;
    this.#called = called;
    this.#times = times;
  }

  handle(commands: Command[]): { commands: Command[] } {
    this.#commands = commands;
    for (const command of commands) command.close.subscribe((closed) => this.#onClose(command, closed));
    return { commands };
  }

  say(text: string): void {
    this.#logger.logGlobalEvent(text);
  }

  stop(): void {
    const now = performance.now();
    if (this.#stoppedAt !== undefined) {
      if (now - this.#stoppedAt > SAME_SIGNAL_MS) signal('SIGKILL', this.#commands);
      return;
    }
    this.#stoppedAt = now;
    for (const restart of this.#restarts) clearTimeout(restart);
    signal('SIGTERM', this.#callers);
    setTimeout(() => this.#stopCalled(), this.#times.callersDrainMs).unref();
    setTimeout(() => signal('SIGKILL', this.#commands), this.#times.drainMs).unref();
    this.#goOnStopping();
  }

  rememberLine(command: Command, line: string): void {
    if (line.trim() !== '') this.#lastLines.set(command, line);
  }

  #onClose(command: Command, { exitCode }: CloseEvent): void {
    if (this.#stoppedAt !== undefined) {
      this.#goOnStopping();
      return;
    }
    if (exitCode === EXIT_CANNOT_START) {
      this.#exitCode = EXIT_CANNOT_START;
      this.#lastWord = this.#lastLines.get(command) ?? `${command.name} cannot start, and did not say why`;
      this.stop();
      return;
    }
    const end = typeof exitCode === 'number' ? `exit code ${exitCode}` : exitCode;
    this.say(`${command.name} died (${end}), restarting it in ${RESTART_DELAY_MS} ms`);
    const restart = setTimeout(() => {
      this.#restarts.delete(restart);
      command.start();
    }, RESTART_DELAY_MS);
    this.#restarts.add(restart);
  }

  get #callers(): Command[] {
    return this.#commands.filter(({ name }) => !this.#called.has(name));
  }

  #goOnStopping(): void {
    if (!this.#callers.some(isRunning)) this.#stopCalled();
    if (this.#commands.some(isRunning)) return;
    this.say(this.#lastWord ?? 'ended');
    this.#ended.resolve(this.#exitCode);
  }

  /** Once: a process that is told again does not drain any more. */
  #stopCalled(): void {
    if (this.#calledAreStopping) return;
    this.#calledAreStopping = true;
    signal(
      'SIGTERM',
      this.#commands.filter(({ name }) => this.#called.has(name)),
    );
  }
}

const isRunning = ({ state }: Command): boolean => state === 'started';

function signal(name: 'SIGTERM' | 'SIGKILL', commands: readonly Command[]): void {
  for (const command of commands) command.kill(name);
}

/** Logs what the processes print, by whole lines, so that two processes never share one. */
class LogLines implements FlowController {
  readonly #logger: Logger;
  readonly #keeper: Keeper;
  readonly #formatLine: (line: string) => string;

  constructor(logger: Logger, keeper: Keeper, formatLine: (line: string) => string) {
    this.#logger = logger;
    this.#keeper = keeper;
    this.#formatLine = formatLine;
  }

  handle(commands: Command[]): { commands: Command[] } {
    for (const command of commands) {
      for (const stream of [command.stdout, command.stderr]) {
        const lines = new LineSplitter((line) => this.#log(command, line));
        stream.subscribe((chunk) => lines.write(chunk));
        command.close.subscribe(() => lines.end());
      }
    }
    return { commands };
  }

  #log(command: Command, line: string): void {
    const text = this.#formatLine(line).trimEnd();
    this.#keeper.rememberLine(command, text);
    this.#logger.logCommandText(`${text}\n`, command);
  }
}

/** A line longer than this is shown in pieces: a process that prints without an end must not fill this one's memory. */
const LINE_LENGTH_LIMIT = 64 * 1024;

class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
    if (this.#rest.length > LINE_LENGTH_LIMIT) this.#flush();
  }

  end(): void {
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#flush();
  }

  #flush(): void {
    this.#onLine(this.#rest);
    this.#rest = '';
  }
}
