import { parseArgs } from 'node:util';
import { isKindName, kindNames } from './import/kinds.js';
import { EXIT_USAGE, runImport } from './import/run.js';

const HELP = `Imports bands, venues, events and concerts.

  npm run import -- --from PATH [--kind ${kindNames.join('|')}]
  make import FROM=PATH

PATH is a folder, or one file. What a file holds is said by its name: ${kindNames.join(', ')}, as
  .json             one array of objects
  .ndjson, .jsonl   one object a line
  .csv              a header row with names of fields, then a row a line. An empty cell is a field not given.
                    Numbers as in JSON; genres and aliases as a;b;c or as a JSON array; externalIds as a JSON array.
For one file with another name, --kind says it. All files are UTF-8.

Rows are found again by their id, or by name (and place, or band, venue and date): importing twice changes nothing.
Rows that are not valid, or refer to a band, venue or event that is not there, are skipped and told.
The services that run are used; when none runs, they are started for the time of the import.

Exit code: 0 when all rows are imported, 1 when some are not, 2 for a wrong command, 130 when interrupted.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, fault } = readArguments();
  const { from, kind, help } = values;
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (fault !== undefined) return misused(fault);
  if (from === undefined) return misused('which folder or file? Say it with --from PATH');
  if (kind !== undefined && !isKindName(kind)) return misused(`--kind is one of ${kindNames.join(', ')}, not ${kind}`);
  return await runImport({ from, ...(kind && { kind }) });
}

function misused(fault: string): number {
  process.stderr.write(`${fault}; see --help\n`);
  return EXIT_USAGE;
}

interface Arguments {
  values: { from?: string; kind?: string; help?: boolean };
  fault?: string;
}

function readArguments(): Arguments {
  const options = { from: { type: 'string' }, kind: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return { values: parseArgs({ options }).values };
  } catch (error) {
    return { values: {}, fault: error instanceof Error ? error.message : String(error) };
  }
}
