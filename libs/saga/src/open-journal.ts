import { join } from 'node:path';
import { MongoDatabase, type StoreLogger } from '#database';
import type { Journal } from './journal.js';
import { journalMigrations, MongoJournal } from './journal.mongo.js';
import { SqliteJournal } from './journal.sqlite.js';

/** Where a journal is: a database of its own name in a MongoDB, or a file of its own name. */
export interface JournalLocation {
  name: string;
  dataDir: string;
  mongoUrl: string | undefined;
}

/** Opens a journal, made when missing: waits for a MongoDB that is away. @throws CannotStart with one line when it never can */
export async function openJournal({ name, dataDir, mongoUrl }: JournalLocation, logger: StoreLogger): Promise<Journal> {
  if (mongoUrl === undefined) return SqliteJournal.open(join(dataDir, `${name}.sqlite`));
  return new MongoJournal(await MongoDatabase.open({ url: mongoUrl, service: name }, journalMigrations, logger));
}
