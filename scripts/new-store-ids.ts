// Gives every store a new id, after files or databases were put back by something that is not "make restore".

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { loadConfig } from '#config';
import { databaseName } from '#database';
import { BackupFault, exitCodeOf } from './backup/backup-fault.js';
import { mongoUrlOf, pathOf, type StoreName, setStoreId, storeNames } from './backup/embedded-stores.js';
import { assertNotInUse } from './backup/in-use.js';
import { runCommand } from './command.js';

const HELP = `Gives every store of the configuration a new id, so that who reads its changes notices that it is another one.

  npm run new-store-ids

For stores that were put back by something else than "make restore" or "mongorestore --drop": a snapshot of a file system, a
copied file. A process reads the id at its start, so nothing may run; what runs on other machines must be started anew.

Exit code: 0 when each has one, 1 when not: run it again, 2 for a wrong command, 78 for a wrong configuration.
`;

/** Who puts back a database has it running. */
const SERVER_SELECTION_TIMEOUT_MS = 5_000;

process.exitCode = await runCommand(async () => {
  process.stdout.write(await done());
  return 0;
}, exitCodeOf);

/** @returns what is said of it */
async function done(): Promise<string> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) return HELP;
  const config = loadConfig();
  await assertNotInUse(config, storeNames);
  const lines: string[] = [];
  for (const store of storeNames) {
    const url = mongoUrlOf(config, store);
    lines.push(url === undefined ? renewInFile(pathOf(config.dataDir, store)) : await renewInMongo(url, store));
  }
  return `${lines.join('\n')}\nStart anew whatever runs elsewhere: an id is read at the start.\n`;
}

/** @returns the file and its new id. @throws BackupFault */
function renewInFile(path: string): string {
  // To open a file that is not there would make it.
  if (!existsSync(path)) throw new BackupFault(`there is no store ${path}; DATA_DIR says where they are`);
  return `${path}: ${setStoreId(path)}`;
}

/** @returns the database and its new id. @throws BackupFault */
async function renewInMongo(url: string, store: StoreName): Promise<string> {
  const name = databaseName(url, store);
  const storeId = randomUUID();
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(url, { serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS, writeConcern: { w: 'majority' } });
    const documents = client.db(name).collection<{ _id: 'store'; storeId: string }>('store');
    const { matchedCount } = await documents.updateOne({ _id: 'store' }, { $set: { storeId } });
    if (matchedCount === 0) throw new Error(`there is no store in the database ${name}`);
    return `${name}: ${storeId}`;
  } catch (error) {
    // Some messages repeat the address, with the user and the password in it.
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new BackupFault(`the store of ${store} in MongoDB has no new id: ${line.replace(/\/\/.*@/, '//')}`);
  } finally {
    await client?.close();
  }
}
