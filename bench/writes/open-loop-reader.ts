import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Reading {
  url: string;
  paths: readonly string[];
  perSecond: number;
  seconds: number;
}

export interface ReadFigures {
  /** From the moment at which a request was due, so that one that had to wait for others counts as it is. */
  tookMs: number[];
  failed: number;
}

/** The gateway answers within 2 s. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;

/** Sends requests at a steady rate, whether those before are answered or not, from a thread that nothing else disturbs. */
export function readOpenLoop(reading: Reading): Promise<ReadFigures> {
  const worker = new Worker(new URL(import.meta.url), { workerData: reading });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function read({ url, paths, perSecond, seconds }: Reading): Promise<ReadFigures> {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const figures: ReadFigures = { tookMs: [], failed: 0 };
  const startedAt = performance.now();
  const requests: Promise<void>[] = [];
  for (let sent = 0; sent < perSecond * seconds; sent++) {
    const dueAt = startedAt + (1_000 * sent) / perSecond;
    const earlyMs = dueAt - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    requests.push(
      statusOf(agent, `${url}${paths[sent % paths.length]}`).then((status) => {
        figures.tookMs.push(performance.now() - dueAt);
        if (status !== 200) figures.failed += 1;
      }),
    );
  }
  await Promise.all(requests);
  agent.destroy();
  return figures;
}

/** @returns 0 when there was no answer */
function statusOf(agent: Agent, url: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      response.resume();
      response.on('error', () => resolve(0));
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

if (!isMainThread) parentPort?.postMessage(await read(workerData));
