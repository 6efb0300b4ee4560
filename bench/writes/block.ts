import { cpuMsOfAll } from '../support/cpu-time.js';
import { loads } from '../support/machine.js';
import { type HttpAnswer, WriteClient } from '../support/write-client.js';
import { countFsyncs } from './fsyncs.js';
import { journalWrites } from './journal-writes.js';
import type { Workload } from './workloads.js';

/** Also on a busy machine what is measured is the whole write. */
const WAIT_FOR_THE_END = { prefer: 'wait=30' };

/** A running system, as it is measured. */
export interface Measured {
  writesUrl: string;
  environment: Readonly<Record<string, string>>;
  /** Of all its processes, that of its MongoDB among them. */
  pids: readonly number[];
}

/** What some clients did for some seconds. */
export interface Block {
  workload: string;
  clients: number;
  tookMs: number[];
  seconds: number;
  failed: number;
  /** One of the answers that were not as they should be. */
  failure: string | undefined;
  /** Of all processes, for one write. */
  cpuMs: number | undefined;
  journalWrites: number;
  fsyncs: number | undefined;
  /** The load averages at its end. */
  loads: string;
}

type Written = Pick<Block, 'tookMs' | 'seconds' | 'failed' | 'failure'>;

/** Measures clients that each send one write after the other over a kept connection. */
export async function measureBlock(
  system: Measured,
  workload: Workload,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Block> {
  let written: Written = { tookMs: [], seconds, failed: 0, failure: undefined };
  let cpuMs: number | undefined;
  const journalBefore = await journalWrites(system.environment);
  const fsyncs = await countFsyncs(system.pids, async () => {
    const cpuBefore = await cpuMsOfAll(system.pids);
    written = await write(system.writesUrl, workload, { clients, seconds });
    const cpuAfter = await cpuMsOfAll(system.pids);
    cpuMs = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  });
  const journalAfter = await journalWrites(system.environment);
  const each = (sum: number | undefined) => sum && sum / written.tookMs.length;
  return {
    workload: workload.name,
    clients,
    ...written,
    cpuMs: each(cpuMs),
    journalWrites: (journalAfter - journalBefore) / written.tookMs.length,
    fsyncs: each(fsyncs),
    loads: loads(),
  };
}

/** Writes until the time is over. */
export async function write(
  url: string,
  workload: Workload,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Written> {
  const written: Written = { tookMs: [], seconds, failed: 0, failure: undefined };
  const startedAt = performance.now();
  const endAt = startedAt + 1_000 * seconds;
  const run = async () => {
    const client = new WriteClient(url);
    try {
      while (performance.now() < endAt) {
        const sentAt = performance.now();
        const request = workload.next();
        const answer = await client.send({ ...request, headers: { ...WAIT_FOR_THE_END, ...request.headers } });
        written.tookMs.push(performance.now() - sentAt);
        if (workload.take(request, answer)) continue;
        written.failed += 1;
        written.failure = shortened(answer);
      }
    } finally {
      client.close();
    }
  };
  await Promise.all(Array.from({ length: clients }, run));
  written.seconds = (performance.now() - startedAt) / 1_000;
  return written;
}

const shortened = ({ status, text }: HttpAnswer): string => `${status} ${text.slice(0, 300)}`;
