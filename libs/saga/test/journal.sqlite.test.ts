import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe } from '@jest/globals';
import { journalContract } from './journal.contract.js';

describe('the journal in SQLite', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  journalContract({
    async newPlace() {
      const dataDir = await mkdtemp(join(tmpdir(), 'backline-journal-'));
      folders.push(dataDir);
      return { name: 'orchestrator', dataDir, mongoUrl: undefined };
    },
    async makeNewer({ dataDir, name }) {
      const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
      db.exec('pragma user_version = 99');
      db.close();
    },
  });
});
