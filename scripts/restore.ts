// Puts the stores of a backup into the data folder, while nothing runs.

import { parseArgs } from 'node:util';
import { loadConfig } from '#config';
import { exitCodeOf } from './backup/backup-fault.js';
import { restore } from './backup/restore.js';
import { runCommand, UsageError } from './command.js';

const HELP = `Puts the stores of a backup into DATA_DIR. Nothing of the system may run meanwhile.

  npm run restore -- --from FOLDER [--replace]
  make restore FROM=FOLDER [REPLACE=1]

The backup is checked first. Stores that are in DATA_DIR already are kept, unless --replace is there: then they are put
aside, into a folder beside. Each restored store is another one for who reads its changes: a search index is built anew.
Afterwards "npm run audit" tells whether anything is torn. docs/backup.md says more.

Exit code: 0 when all is restored, 1 when nothing is, 2 for a wrong command, 78 for a wrong configuration or a backup
of a newer version.
`;

process.exitCode = await runCommand(async () => {
  process.stdout.write(await done());
  return 0;
}, exitCodeOf);

/** @returns what is said of it */
async function done(): Promise<string> {
  const options = { from: { type: 'string' }, replace: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { from, replace = false, help } = parseArgs({ options }).values;
  if (help) return HELP;
  if (from === undefined) throw new UsageError('from which folder? Say it with --from FOLDER');
  const config = loadConfig();
  const { manifest, before } = await restore(config, { from, replace });
  const aside = before === undefined ? '' : `; what was there is in ${before}`;
  return `restored ${manifest.files.map(({ store }) => store).join(', ')} of ${manifest.madeAt} into ${config.dataDir}${aside}\n`;
}
