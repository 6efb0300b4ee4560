import { setTimeout as sleep } from 'node:timers/promises';
import { type AppOptions, AppProcess } from '../support/app-process.js';

/** As the supervisor of `make start` waits. */
const RESTART_DELAY_MS = 500;

/** A process that is started again whenever it has died, as `make start` does it. */
export class KeptProcess {
  kills = 0;
  /** What it said when it ended without being killed. */
  readonly deaths: string[] = [];
  #app: AppProcess;
  #isKilled = false;
  #isOver = false;
  #kept: Promise<void>;

  /** @param script as of `AppProcess` */
  constructor(
    readonly name: string,
    private readonly script: string,
    private readonly options: AppOptions,
  ) {
    this.#app = new AppProcess(script, options);
    this.#kept = this.#keep();
  }

  get isRunning(): boolean {
    return this.#app.isRunning;
  }

  kill(): void {
    this.kills += 1;
    this.#isKilled = true;
    this.#app.signal('SIGKILL');
  }

  /** Ends it in order. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#app.end();
    await this.#kept;
  }

  async #keep(): Promise<void> {
    for (;;) {
      const { code, signal, errors, output } = await this.#app.ended;
      if (this.#isOver) return;
      if (!this.#isKilled) this.deaths.push(`${this.name} ended by itself (${code ?? signal}): ${errors || output}`);
      await sleep(RESTART_DELAY_MS);
      if (this.#isOver) return;
      this.#isKilled = false;
      this.#app = new AppProcess(this.script, this.options);
    }
  }
}
