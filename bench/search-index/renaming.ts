import { setTimeout as sleep } from 'node:timers/promises';
import { WriteClient } from '../support/write-client.js';
import type { IndexedSystem } from './indexed-system.js';
import { failuresOf, type Written, writeOpenLoop } from './open-loop-writer.js';
import type { SteadyWrites } from './steady-writes.js';
import { Visibility } from './visibility.js';

export interface RenamingReport extends Written {
  /** From the answer to the renaming until no concert is found with the band of before. */
  renamedMs: number;
  /** Of the other writes, from the answer until they are found. */
  delaysMs: number[];
  broken: string[];
}

const POLL_MS = 50;
const RENAMED_TIMEOUT_MS = 300_000;
const FOUND_TIMEOUT_MS = 60_000;

/** Renames a band with many concerts while others write, and measures how long either takes to be found. */
export async function renameUnderWrites(
  system: IndexedSystem,
  writes: SteadyWrites,
  { bandId, rate }: { bandId: number; rate: number },
): Promise<RenamingReport> {
  const over = new AbortController();
  const visibility = new Visibility(system);
  const writing = writeOpenLoop(
    system.processes.writesUrl,
    { perSecond: rate, signal: over.signal },
    () => writes.create(),
    (exchange) => visibility.take(exchange),
  );
  const version = await rename(system, bandId);
  const startedAt = performance.now();
  let left = 1;
  while (left > 0 && performance.now() - startedAt < RENAMED_TIMEOUT_MS) {
    await sleep(POLL_MS);
    left = await concertsBefore(system, bandId, version);
  }
  const renamedMs = performance.now() - startedAt;
  over.abort();
  const written = await writing;
  const lost = await visibility.end(FOUND_TIMEOUT_MS);
  return {
    ...written,
    renamedMs,
    delaysMs: visibility.delaysMs,
    broken: [
      ...failuresOf(written.exchanges),
      ...lost.map((id) => `lost: the concert ${id} is not found`),
      ...(left > 0 ? [`lost: ${left} concerts are found with the band of before`] : []),
    ],
  };
}

/** @returns the version of the band then */
async function rename({ processes: { writesUrl } }: IndexedSystem, bandId: number): Promise<number> {
  const client = new WriteClient(writesUrl);
  try {
    const headers = { 'if-match': '*', prefer: 'wait=30' };
    const answer = await client.send({ method: 'PATCH', path: `/bands/${bandId}`, headers, body: { name: 'The Renamed' } });
    if (answer.status !== 200) throw new Error(`the renaming was answered with ${answer.status} ${answer.text}`);
    return Number(/"(\d+)/.exec(String(answer.headers.etag))?.[1]);
  } finally {
    client.close();
  }
}

async function concertsBefore({ search, alias }: IndexedSystem, bandId: number, version: number): Promise<number> {
  const { count } = await search.count({
    index: alias,
    query: { bool: { filter: [{ term: { bandId: String(bandId) } }, { range: { bandVersion: { lt: version } } }] } },
  });
  return count;
}
