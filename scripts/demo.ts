import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ImpossibleWorld, type WorldOptions, writeWorld } from '#demo';
import { runImport } from './import/run.js';

const HELP = `Fills the stores with an invented concert world: real cities, invented bands and venues, 2010 to 2029.

  npm run demo -- [--concerts 20000] [--bands N] [--venues N] [--seed 1] [--out FOLDER | --overwrite]
  make demo CONCERTS=20000

The same numbers always make the same world. More concerts have more bands and venues, if these are not said.
With --out the world is only written into FOLDER, as bands.ndjson, venues.ndjson, events.ndjson and concerts.ndjson.
Otherwise it is imported: into the services that run, or when none runs, into those that are started for it.
A world takes the ids from 1 on, so it goes into empty stores only, unless --overwrite says that records with these ids may be lost.

Exit code: 0 when all is done, 1 when some rows are not imported, 2 for a wrong command, 130 when interrupted.
`;

const EXIT_USAGE = 2;
/** 128 and the number of SIGINT, as shells have it. */
const EXIT_INTERRUPTED = 130;

/** The command cannot be understood: its message is for the person who typed it. */
class Misuse extends Error {}

try {
  process.exitCode = await main();
} catch (error) {
  if (!isForThePerson(error)) throw error;
  process.stderr.write(`${error.message}; see --help\n`);
  process.exitCode = EXIT_USAGE;
}

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
  if (out === undefined) return await importWorld(options, !overwrite);
  await write(out, options);
  return 0;
}

// What the file system refuses is told too: its messages name the folder.
function isForThePerson(error: unknown): error is Error {
  return error instanceof Misuse || error instanceof ImpossibleWorld || (error instanceof Error && 'syscall' in error);
}

async function importWorld(options: WorldOptions, onlyIntoEmpty: boolean): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'backline-demo-'));
  const interrupt = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(EXIT_INTERRUPTED);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await write(folder, options);
    // From here the import ends in order when it is interrupted, and returns.
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    return await runImport({ from: folder, onlyIntoEmpty });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(folder: string, options: WorldOptions): Promise<void> {
  const counts = await writeWorld(folder, options);
  const text = Object.entries(counts).map(([kind, count]) => `${count.toLocaleString('en-US')} ${kind}`);
  process.stderr.write(`made ${text.join(', ')}: ${folder}\n`);
}

function readArguments() {
  const text = { type: 'string' } as const;
  try {
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
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Misuse(`--${name} is a whole number, not "${text}"`);
}
