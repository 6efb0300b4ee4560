// Copies the embedded stores into a folder, while the system runs.

import { parseArgs } from 'node:util';
import { loadConfig } from '#config';
import { backUp } from './backup/back-up.js';
import { exitCodeOf, UsageError } from './backup/command.js';

const HELP = `Copies the embedded stores (SQLite files in DATA_DIR) into a folder, as they are at one moment.

  npm run backup -- --to FOLDER [--replace]
  make backup TO=FOLDER

The system may run and write meanwhile. Each copy is read through, and a manifest says what belongs together.
A backup that is in the folder already is kept, unless --replace is there. docs/backup.md says what is promised, and what to
do for stores in MongoDB.

Exit code: 0 when the backup is whole, 1 when there is none, 2 for a wrong command.
`;

process.exitCode = await exitCodeOf(async () => {
  const options = { to: { type: 'string' }, replace: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { to, replace = false, help } = parseArgs({ options }).values;
  if (help) return HELP;
  if (to === undefined) throw new UsageError('into which folder? Say it with --to FOLDER');
  const { files } = await backUp(loadConfig(), { to, replace });
  return `backed up into ${to}: ${files.map(({ store, bytes }) => `${store} (${bytes} bytes)`).join(', ')}\n`;
});
