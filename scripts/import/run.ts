import { loadConfig } from '#config';
import { Fault } from '#problem';
import { EXIT_FAULTS, EXIT_INTERRUPTED } from '../command.js';
import { formatted, perSecond } from '../figures.js';
import { type ImportContext, importFile } from './file-import.js';
import { ImportStopped } from './import-stopped.js';
import { kindNames, kinds } from './kinds.js';
import { type OwnServices, startOwnServices } from './own-services.js';
import { type Done, showImport } from './progress.js';
import { KnownIds } from './references.js';
import { Report } from './report.js';
import { ServiceClients } from './service-clients.js';
import type { Source } from './sources.js';

/** Gives the files to import, in order. */
type Files = (clients: ServiceClients) => Promise<readonly Source[]>;

/**
 * Imports bands, venues, events and concerts into the running services, or into services that it starts for its duration.
 * Says on standard error how far it is, and in the end on standard output what became of the rows.
 *
 * @param files is asked when the services answer
 * @returns the exit code: 0 when every row is in the stores, 1 when one is not
 * @throws CannotStart, Interrupted, what `files` throws, and what else `exitCodeOf` knows
 */
export async function runImport(files: Files): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Interrupted('interrupted; run it again to complete it'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await importAll(files, stop);
  } catch (error) {
    // What fails because of the abort says less than the reason of it.
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

class Interrupted extends ImportStopped {}

/** The exit code of an import that ended in the middle; nothing for what nobody foresaw. */
export function exitCodeOf(error: Error): number | undefined {
  if (error instanceof Interrupted) return EXIT_INTERRUPTED;
  // A file that cannot be read is the file system's error: its message names the file.
  return error instanceof ImportStopped || error instanceof Fault || 'syscall' in error ? EXIT_FAULTS : undefined;
}

async function importAll(files: Files, stop: AbortController): Promise<number> {
  const clients = new ServiceClients(loadConfig().services, stop.signal);
  let services: OwnServices | undefined;
  // So that what is under way ends too: its rows are stored or not, and the next import finds out.
  stop.signal.addEventListener('abort', () => clients.close());
  try {
    services = await reach(clients, stop);
    return await importInto(clients, await files(clients), stop.signal);
  } finally {
    clients.close();
    await services?.stop();
  }
}

/** Makes sure that all four services answer; when none does, starts them. */
async function reach(clients: ServiceClients, stop: AbortController): Promise<OwnServices | undefined> {
  const silent = await clients.silent();
  stop.signal.throwIfAborted();
  if (silent.length === 0) return undefined;
  if (silent.length < kindNames.length) {
    throw new ImportStopped(
      `some services answer, and these do not: ${silent.map((kind) => clients.addressOf(kind)).join(', ')}`,
    );
  }
  say('no service answers: starting the four for the time of the import');
  return await startOwnServices(clients, stop.signal, (reason) => stop.abort(reason));
}

async function importInto(clients: ServiceClients, files: readonly Source[], signal: AbortSignal): Promise<number> {
  const report = new Report();
  const done: Done = { kind: files[0]?.kind ?? 'bands', rows: 0, bytes: 0 };
  const context: ImportContext = {
    clients,
    known: new KnownIds(async (kind, ids) =>
      (await clients.call(kind, kinds[kind].calls.byIds, { ids })).items.map(({ id }) => id),
    ),
    report,
    onBytes: (bytes) => {
      done.bytes += bytes;
    },
    signal,
  };
  const startedAt = performance.now();
  const endProgress = showImport(totalBytes(files), () => ({ ...done, rows: report.rowsRead }));
  try {
    for (const file of files) {
      done.kind = file.kind;
      await importFile(file, context);
    }
  } finally {
    endProgress();
    process.stdout.write(`${report}\n`);
    const elapsedMs = performance.now() - startedAt;
    const { rowsRead } = report;
    say(`${formatted(rowsRead)} rows in ${(elapsedMs / 1_000).toFixed(1)} s, ${perSecond(rowsRead, elapsedMs)} rows/s`);
  }
  return report.hasFaults ? EXIT_FAULTS : 0;
}

const totalBytes = (files: readonly Source[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
