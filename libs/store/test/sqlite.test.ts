import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe } from '@jest/globals';
import { storeContract } from './contract.js';

describe('the SQLite stores', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  storeContract({
    store: 'sqlite',
    async newPlace() {
      const dataDir = await mkdtemp(join(tmpdir(), 'backline-store-'));
      folders.push(dataDir);
      return { dataDir, mongoUrl: undefined };
    },
    async makeNewer({ dataDir, name }) {
      const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
      db.exec('pragma user_version = 99');
      db.close();
    },
    async removeField({ dataDir, name }, field) {
      const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
      db.exec(`update ${name} set document = json_remove(document, '$.${field}')`);
      db.close();
    },
  });
});
