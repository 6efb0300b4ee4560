import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { ImportStopped } from './import-stopped.js';
import { type KindName, kindNames } from './kinds.js';
import type { ServiceClients } from './service-clients.js';

/** Four processes start in two seconds on two idle cores, and a busy machine is given time. */
const START_TIMEOUT_MS = 30_000;
const START_POLL_MS = 50;
/** A service has written what it was given within this; it may then be killed. */
const DRAIN_TIMEOUT_MS = 5_000;
/** What is kept of a service's output, to say why it ended. */
const OUTPUT_TAIL_LENGTH = 4_096;

const DIST = join(import.meta.dirname, '../..');
const END_WITH_PARENT = pathToFileURL(join(DIST, 'scripts/end-with-parent.js')).href;

/** Services that run for the import only. */
export interface OwnServices {
  stop(): Promise<void>;
}

/**
 * Starts the four services and waits until they answer.
 *
 * @param onDeath told why, when one ends before it is asked to
 * @throws ImportStopped when they do not answer in time
 */
export async function startOwnServices(
  clients: ServiceClients,
  signal: AbortSignal,
  onDeath: (reason: ImportStopped) => void,
): Promise<OwnServices> {
  const services = kindNames.map((kind) => new OwnService(kind, onDeath));
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
  };
  try {
    await answered(clients, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function answered(clients: ServiceClients, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (let silent = await clients.silent(); silent.length > 0; silent = await clients.silent()) {
    signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new ImportStopped(
        `not there ${START_TIMEOUT_MS / 1_000} s after their start: ${silent.map((kind) => clients.addressOf(kind)).join(', ')}`,
      );
    }
    await sleep(START_POLL_MS, undefined, { signal });
  }
}

class OwnService {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isStopping = false;
  #outputTail = '';

  constructor(kind: KindName, onDeath: (reason: ImportStopped) => void) {
    this.#process = spawn(process.execPath, ['--import', END_WITH_PARENT, join(DIST, `apps/${kind}/src/main.js`)], {
      // Its own process group: Ctrl-C is for the import, which then ends its services in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', (text) => {
        this.#outputTail = `${this.#outputTail}${text}`.slice(-OUTPUT_TAIL_LENGTH);
      });
    }
    this.#ended = once(this.#process, 'close');
    this.#process.once('close', () => {
      if (!this.#isStopping)
        onDeath(new ImportStopped(`${kind} ended: ${this.#outputTail.trim().split('\n').at(-1) || 'without a word'}`));
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#process.kill('SIGTERM');
    const killing = setTimeout(() => this.#process.kill('SIGKILL'), DRAIN_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(killing);
  }
}
