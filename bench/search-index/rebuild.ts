import { setTimeout as sleep } from 'node:timers/promises';
import { AppProcess } from '../support/app-process.js';
import type { IndexedSystem } from './indexed-system.js';
import { failuresOf, type Written, writeOpenLoop } from './open-loop-writer.js';
import type { SteadyWrites } from './steady-writes.js';

export interface RebuildOptions {
  /** Writes a second meanwhile. */
  rate: number;
  /** Each pages through all concerts, again and again. */
  readers: number;
}

export interface RebuildReport extends Written {
  concerts: number;
  /** From the new index being there until all was in it, and of the whole command. */
  filledMs: number;
  tookMs: number;
  /** Pages that were read meanwhile, by who answered them. */
  pages: Record<string, number>;
  /** Readings of all pages from the first to the last. */
  readings: number;
  broken: string[];
}

const WATCH_INTERVAL_MS = 50;
/** A hundred thousand concerts on a busy machine, and more. */
const REINDEX_TIMEOUT_MS = 900_000;
/** Readers leave time for others. */
const READ_PAUSE_MS = 20;
const EQUAL_WITHIN_MS = 60_000;
const REMOVED_WITHIN_MS = 10_000;
const PAGE = 1_000;
const SHOWN_FAULTS = 20;

/** Runs `npm run reindex` while clients read and write, and watches what it does. */
export async function rebuildUnderLoad(
  system: IndexedSystem,
  writes: SteadyWrites,
  { rate, readers }: RebuildOptions,
): Promise<RebuildReport> {
  await system.untilServed();
  const lasting = await system.allRows('services');
  const over = new AbortController();
  const pagers = Array.from({ length: readers }, () => new Pager(system, new Set(lasting.map(({ id }) => id))));
  const reading = Promise.all(pagers.map((pager) => pager.run(over.signal)));
  const writing = writeOpenLoop(
    system.processes.writesUrl,
    { perSecond: rate, signal: over.signal },
    () => writes.next(),
    (exchange) => writes.take(exchange),
  );
  const run = await reindexWatched(system);
  over.abort();
  const [written] = await Promise.all([writing, reading]);
  const { concerts, broken } = await system.untilEqual(EQUAL_WITHIN_MS);
  const faults = pagers.flatMap((pager) => pager.faults);
  return {
    ...written,
    ...run,
    concerts,
    pages: pagers.reduce((sum, { pages }) => added(sum, pages), {}),
    readings: pagers.reduce((sum, pager) => sum + pager.readings, 0),
    broken: [...run.broken, ...failuresOf(written.exchanges), ...faults.slice(0, SHOWN_FAULTS), ...broken],
  };
}

/** The index of before must be there until the alias names the new one, and be gone soon after. */
async function reindexWatched(system: IndexedSystem): Promise<Pick<RebuildReport, 'filledMs' | 'tookMs' | 'broken'>> {
  const { indices, processes } = system;
  const before = await indices.current();
  if (before === undefined) throw new Error('there is no index');
  const broken: string[] = [];
  const startedAt = performance.now();
  const reindex = new AppProcess('scripts/reindex.js', { cwd: processes.folder, environment: processes.environment });
  let madeAt: number | undefined;
  let filledAt: number | undefined;
  while (reindex.isRunning && performance.now() - startedAt < REINDEX_TIMEOUT_MS) {
    const names = await indices.names();
    const current = await indices.current();
    if (current === before && !names.includes(before)) broken.push(`lost: ${before} was removed while the alias named it`);
    const made = names.find((name) => name !== before);
    if (made !== undefined && current === before) {
      madeAt ??= performance.now();
      if (filledAt === undefined && (await isFilled(system, made))) filledAt = performance.now();
    }
    await sleep(WATCH_INTERVAL_MS);
  }
  const { code, output, errors } = await reindex.end();
  const tookMs = performance.now() - startedAt;
  if (code !== 0) broken.push(`reindex ended with ${code}: ${output}${errors}`);
  if ((await indices.current()) === before) broken.push('the alias names the index of before');
  for (
    const deadline = Date.now() + REMOVED_WITHIN_MS;
    (await indices.names()).includes(before);
    await sleep(WATCH_INTERVAL_MS)
  ) {
    if (Date.now() < deadline) continue;
    broken.push(`${before} was not removed`);
    break;
  }
  return { filledMs: madeAt === undefined || filledAt === undefined ? Number.NaN : filledAt - madeAt, tookMs, broken };
}

async function isFilled({ indices }: IndexedSystem, index: string): Promise<boolean> {
  // It may just have been swapped and the command be at its end, or have no checkpoint yet.
  const stored = await indices.readCheckpoint(index).catch(() => undefined);
  return stored?.checkpoint.filling === null;
}

/** Pages through all concerts, again and again. */
class Pager {
  readonly pages: Record<string, number> = {};
  readonly faults: string[] = [];
  readings = 0;

  /** @param lasting concerts that each reading must find */
  constructor(
    private readonly system: IndexedSystem,
    private readonly lasting: ReadonlySet<number>,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#readAll(signal);
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const found = new Set<number>();
    for (let path: string | undefined = this.system.allPath(PAGE); path !== undefined; ) {
      if (signal.aborted) return;
      const { status, servedBy, next, text } = await this.system.read(path);
      if (status !== 200) {
        this.faults.push(`${path} was answered with ${status}: ${text.slice(0, 200)}`);
        return;
      }
      const by = servedBy ?? 'nobody';
      this.pages[by] = (this.pages[by] ?? 0) + 1;
      const rows: { id: number }[] = JSON.parse(text);
      for (const { id } of rows) if (this.lasting.has(id)) found.add(id);
      path = next;
      await sleep(READ_PAUSE_MS);
    }
    this.readings += 1;
    if (found.size < this.lasting.size) this.faults.push(`a reading found ${found.size} of ${this.lasting.size} concerts`);
  }
}

const added = (sum: Record<string, number>, more: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    [...new Set([...Object.keys(sum), ...Object.keys(more)])].map((key) => [key, (sum[key] ?? 0) + (more[key] ?? 0)]),
  );
