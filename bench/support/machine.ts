import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What a figure was measured on, and what else ran there. */
export const machine = (): string =>
  [
    new Date().toISOString(),
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}`,
    `Node ${process.versions.node}, SQLite ${process.versions.sqlite}`,
    `load: ${loads()}`,
  ].join('\n');

/** The load averages of 1, 5 and 15 minutes. */
export const loads = (): string =>
  loadavg()
    .map((load) => load.toFixed(1))
    .join(', ');
