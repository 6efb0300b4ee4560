import { parseArgs } from 'node:util';
import { runCommand, UsageError } from './command.js';
import { isKindName, kindNames } from './import/kinds.js';
import { exitCodeOf, runImport } from './import/run.js';

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

Exit code: 0 when all rows are imported, 1 when some are not, 2 for a wrong command, 78 for a wrong configuration,
130 when interrupted.
`;

process.exitCode = await runCommand(async () => {
  const options = { from: { type: 'string' }, kind: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { from, kind, help } = parseArgs({ options }).values;
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (from === undefined) throw new UsageError('which folder or file? Say it with --from PATH');
  if (kind !== undefined && !isKindName(kind)) throw new UsageError(`--kind is one of ${kindNames.join(', ')}, not ${kind}`);
  return runImport({ from, ...(kind && { kind }) });
}, exitCodeOf);
