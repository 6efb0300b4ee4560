// Copies the embedded stores into a folder, while the system runs.

import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '#config';
import { backUp } from './backup/back-up.js';
import { exitCodeOf } from './backup/backup-fault.js';
import { mongoUrlOf, storeNames } from './backup/embedded-stores.js';
import { runCommand, UsageError } from './command.js';

const HELP = `Copies the embedded stores (SQLite files in DATA_DIR) into a folder, as they are at one moment.

  npm run backup -- --to FOLDER [--replace]
  make backup TO=FOLDER [REPLACE=1]

The system may run and write meanwhile. Each copy is read through, and a manifest says what belongs together.
The folder becomes the backup: it is missing, empty, or a backup that --replace lets go when the new one is whole.
Stores in MongoDB are not in it, and without the journal it is not of one moment. docs/backup.md says what is promised, and
what to do for those.

Exit code: 0 when the backup is whole, 1 when there is none, 2 for a wrong command, 78 for a wrong configuration.
`;

process.exitCode = await runCommand(async () => {
  process.stdout.write(await done());
  return 0;
}, exitCodeOf);

/** @returns what is said of it */
async function done(): Promise<string> {
  const options = { to: { type: 'string' }, replace: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { to, replace = false, help } = parseArgs({ options }).values;
  if (help) return HELP;
  if (to === undefined) throw new UsageError('into which folder? Say it with --to FOLDER');
  const config = loadConfig();
  const { files } = await backUp(config, { to, replace });
  const stores = files.map(({ store, bytes }) => `${store} (${bytes} bytes)`).join(', ');
  return `backed up into ${to}: ${stores}\n${whatIsNotIn(config)}`;
}

/** Nothing when all stores are embedded. */
function whatIsNotIn(config: Config): string {
  const missing = storeNames.filter((store) => mongoUrlOf(config, store) !== undefined);
  if (missing.length === 0) return '';
  const moment = missing.includes('orchestrator')
    ? 'Without the journal, that of the orchestrator, the backup is not of one moment'
    : 'What is in it is of one moment, but not of the one of a backup of those';
  return `NOT in it, since they are in MongoDB: ${missing.join(', ')}. ${moment}, unless nothing was written meanwhile.\n`;
}
