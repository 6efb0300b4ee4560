import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { assertInTime, Fault, faultFromWire, remainingMs } from '#problem';
import { builtModule } from './built-module.js';
import { CLOSE, type Operations, type ThreadAnswer, type ThreadData, type ThreadRequest } from './sqlite-thread.js';

/** Operations that wait for the thread: several groups of it. What comes on top would only wait for its deadline. */
const MAX_WAITING = 1_024;
/** A thread loads its modules in a fraction of a second; one that is not there by then will not come. */
const START_TIMEOUT_MS = 30_000;
/** All that can wait is written in less; a disk that stands still must not keep a process from ending. */
const CLOSE_TIMEOUT_MS = 5_000;

/** What a writer is started with: `module` is the one that calls `serveWrites`, as `new URL('./x.js', import.meta.url)`. */
export interface WriterOptions extends ThreadData {
  module: URL;
}

/** What carries out the operations of a store. */
export type Writer<Ops extends Operations> = Pick<SqliteWriter<Ops>, 'run' | 'onAnswers' | 'close'>;

/**
 * Writes to an embedded store in a thread of its own, so that nobody in this one waits for the sync of a disk. Those who
 * write at once share one commit. A process cannot go on without its writer: if the thread dies, so does the process.
 */
export class SqliteWriter<Ops extends Operations> {
  private readonly waiting = new Map<number, PromiseWithResolvers<unknown>>();
  private readonly exited = Promise.withResolvers<void>();
  private readonly listeners: (() => void)[] = [];
  private lastId = 0;
  private isOpen = true;
  private closing: Promise<void> | undefined;
  private failure: unknown = new Error('the thread that writes the store has ended');

  private constructor(private readonly worker: Worker) {
    worker.on('message', (answers: ThreadAnswer[]) => {
      for (const answer of answers) this.settle(answer);
      for (const listener of this.listeners) listener();
    });
    worker.once('error', (error) => {
      this.failure = error;
    });
    worker.once('exit', () => this.onExit());
  }

  /** Starts the thread. The file must be there, its schema up to date. */
  static async start<Ops extends Operations>({ module, ...workerData }: WriterOptions): Promise<SqliteWriter<Ops>> {
    const worker = new Worker(builtModule(module), { name: 'sqlite-writer', workerData, execArgv: [] });
    try {
      await once(worker, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
      return new SqliteWriter(worker);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /**
   * Carries out an operation; what it wrote is on disk when this resolves, and every later reading sees it.
   * @param deadline epoch milliseconds
   * @throws the Fault of the operation, which has then written nothing. `Unavailable` when the store could not be written,
   *   `Overloaded` when too much waits, `Timeout` when the deadline has passed: whether it was written is not known then.
   */
  async run<Name extends keyof Ops & string>(
    operation: Name,
    argument: Parameters<Ops[Name]>[0],
    deadline: number,
  ): Promise<ReturnType<Ops[Name]>> {
    assertInTime(deadline);
    if (!this.isOpen) throw new Fault('Unavailable', 'the store is closed');
    if (this.waiting.size >= MAX_WAITING) throw new Fault('Overloaded', 'too many writes wait for the store');
    this.lastId += 1;
    const request: ThreadRequest<typeof argument> = { id: this.lastId, operation, argument, deadline };
    this.worker.postMessage(request);
    const call = Promise.withResolvers<unknown>();
    this.waiting.set(request.id, call);
    const timer = setTimeout(
      () => call.reject(new Fault('Timeout', 'the store did not answer before the deadline')),
      remainingMs(deadline),
    );
    try {
      // Nothing but this operation answers to this id.
      return (await call.promise) as ReturnType<Ops[Name]>;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Has it called whenever operations have been answered: what they wrote can be read by then. */
  onAnswers(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Lets the thread finish what it was given, closes its connection and ends it; twice is harmless. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.isOpen = false;
    this.worker.postMessage(CLOSE);
    await Promise.race([this.exited.promise, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    void this.worker.terminate();
  }

  private settle(answer: ThreadAnswer): void {
    const call = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ('value' in answer) {
      call?.resolve(answer.value);
      return;
    }
    const fault = faultFromWire(answer.fault);
    fault.cause = answer.cause;
    call?.reject(fault);
  }

  private onExit(): void {
    const isUnexpected = this.isOpen;
    this.isOpen = false;
    for (const call of this.waiting.values()) call.reject(new Fault('Unavailable', 'the store is closed'));
    this.waiting.clear();
    this.exited.resolve();
    if (!isUnexpected) return;
    // Those who waited are answered first. Nobody can catch this: whatever keeps the process running starts it again.
    setImmediate(() => {
      throw this.failure;
    });
  }
}
