import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { completeOptions, ImpossibleWorld, type WorldOptions, writeWorld } from '#demo';
import { EXIT_CANNOT, EXIT_INTERRUPTED, runCommand, UsageError } from './command.js';
import { formatted } from './figures.js';
import { ImportStopped } from './import/import-stopped.js';
import { kindNames, kinds } from './import/kinds.js';
import { exitCodeOf, runImport } from './import/run.js';
import type { ServiceClients } from './import/service-clients.js';
import { findSources } from './import/sources.js';

const HELP = `Fills the stores with an invented concert world: real cities, invented bands and venues, 2010 to 2029.

  npm run demo -- [--concerts 20000] [--bands N] [--venues N] [--seed 1] [--out FOLDER | --overwrite]
  make demo CONCERTS=20000

The same numbers always make the same world. More concerts have more bands and venues, if these are not said.
With --out the world is only written into FOLDER, as bands.ndjson, venues.ndjson, events.ndjson and concerts.ndjson.
Otherwise it is imported: into the services that run, or when none runs, into those that are started for it.
A world takes the ids from 1 on, so it goes into empty stores only, unless --overwrite says that records with these ids may be lost.

Exit code: 0 when all is done, 1 when some rows are not imported, 2 for a wrong command, 78 for a wrong
configuration, 130 when interrupted.
`;

process.exitCode = await runCommand(main, (error) =>
  // What the file system refuses is told too: its messages name the folder.
  error instanceof ImpossibleWorld ? EXIT_CANNOT : exitCodeOf(error),
);

async function main(): Promise<number> {
  const { help, out, overwrite, seed, concerts, bands, venues } = readArguments();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const options = {
    seed: wholeNumber('seed', seed),
    concerts: wholeNumber('concerts', concerts),
    bands: wholeNumber('bands', bands),
    venues: wholeNumber('venues', venues),
  };
  if (out === undefined) return await importWorld(options, { overwrite });
  await write(out, options);
  return 0;
}

async function importWorld(options: WorldOptions, { overwrite = false }: { overwrite: boolean | undefined }): Promise<number> {
  // Throws for numbers that no world has, before services are started for nothing.
  completeOptions(options);
  const folder = await mkdtemp(join(tmpdir(), 'backline-demo-'));
  const interrupt = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(EXIT_INTERRUPTED);
  };
  try {
    return await runImport(async (clients) => {
      if (!overwrite) await assertEmpty(clients);
      // Making a world takes no interruption; the import before and after ends in order by itself.
      process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
      try {
        await write(folder, options);
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
      return (await findSources(folder)).files;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function assertEmpty(clients: ServiceClients): Promise<void> {
  const held: string[] = [];
  for (const kind of kindNames) {
    const { count } = await clients.call(kind, kinds[kind].calls.count, {});
    if (count > 0) held.push(`${formatted(count)} ${kind}`);
  }
  if (held.length === 0) return;
  throw new ImportStopped(
    `the stores already hold ${held.join(', ')}, some of which would be overwritten; if they may be: npm run demo -- --overwrite`,
  );
}

async function write(folder: string, options: WorldOptions): Promise<void> {
  const counts = await writeWorld(folder, options);
  const text = Object.entries(counts).map(([kind, count]) => `${formatted(count)} ${kind}`);
  process.stderr.write(`made ${text.join(', ')}: ${folder}\n`);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const options = {
    concerts: text,
    bands: text,
    venues: text,
    seed: text,
    out: text,
    overwrite: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  return parseArgs({ options }).values;
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--${name} is a whole number, not "${text}"`);
}
