import { parseArgs } from 'node:util';
import { runCommand, UsageError } from './command.js';
import { isKindName, type KindName, kindNames, kinds } from './import/kinds.js';
import { exitCodeOf, runImport } from './import/run.js';
import { findSources } from './import/sources.js';

const FIRST_COLUMN = 18;

const HELP = `Imports bands, venues, events and concerts.

  npm run import -- --from PATH [--kind ${kindNames.join('|')}]
  make import FROM=PATH

PATH is a folder, or one file. What a file holds is said by its name, ${kindNames.join(', ')}, and how by its ending:
  .json             one array of objects
  .ndjson, .jsonl   one object a line
  .csv              a header row with names of fields, then a row a line. An empty cell is a field not given.
                    Numbers as in JSON; genres and aliases as a;b;c or as a JSON array; externalIds as a JSON array.
For one file with another name, --kind says it. All files are UTF-8.

The fields, those with * must be there:
${kindNames.map((kind) => `  ${kind.padEnd(FIRST_COLUMN)}${fieldsOf(kind)}`).join('\n')}
bandId, venueId and eventId are the ids of records in the files or the stores: so say the ids of those. Dates are whole
milliseconds since 1970-01-01T00:00:00Z. docs/import.md says the rest, with an example, and
"npm run demo -- --concerts 10 --out FOLDER" writes files to look at.

Rows are found again by their id, or by name (and place, or band, venue and date): importing twice changes nothing.
Rows that are not valid, or refer to a band, venue or event that is not there, are skipped and told.
The services that run are used; when none runs, they are started for the time of the import.

Exit code: 0 when all rows are imported, 1 when some are not, 2 for a wrong command, 78 for a wrong configuration,
130 when interrupted.
`;

function fieldsOf(kind: KindName): string {
  const { properties, required } = kinds[kind].row;
  return Object.keys(properties)
    .map((name) => (required.includes(name) ? `${name}*` : name))
    .join(', ');
}

process.exitCode = await runCommand(async () => {
  const options = { from: { type: 'string' }, kind: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  const { from, kind, help } = parseArgs({ options }).values;
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (from === undefined) throw new UsageError('which folder or file? Say it with --from PATH');
  if (kind !== undefined && !isKindName(kind)) throw new UsageError(`--kind is one of ${kindNames.join(', ')}, not ${kind}`);
  const { files, ignored } = await findSources(from, kind);
  if (ignored.length > 0)
    process.stderr.write(`ignored, since their names say nothing about what they hold: ${ignored.join(', ')}\n`);
  return runImport(async () => files);
}, exitCodeOf);
