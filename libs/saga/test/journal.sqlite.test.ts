import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SqliteDatabase } from '#database';
import { journalWrites } from '../src/journal-writes.sqlite.js';
import { openJournal } from '../src/open-journal.js';
import { executionOf, journalContract, NOW, nextOf, STARTED, silent, soon } from './journal.contract.js';

describe('the journal in SQLite', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  async function newPlace() {
    const dataDir = await mkdtemp(join(tmpdir(), 'backline-journal-'));
    folders.push(dataDir);
    return { name: 'orchestrator', dataDir, mongoUrl: undefined };
  }

  journalContract({
    newPlace,
    async makeNewer({ dataDir, name }) {
      const db = new DatabaseSync(join(dataDir, `${name}.sqlite`));
      db.exec('pragma user_version = 99');
      db.close();
    },
  });

  test('is Unavailable while another process keeps it from writing, still read, and works again behind it', async () => {
    const location = await newPlace();
    const journal = await openJournal(location, silent);
    const execution = executionOf();
    await journal.begin(execution, [STARTED], soon());
    const other = new DatabaseSync(join(location.dataDir, 'orchestrator.sqlite'));
    other.exec('begin immediate');
    const transition = { execution: nextOf(execution), append: [STARTED] };
    await expect(journal.write(transition, soon())).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(journal.write(transition, { deadline: Date.now() + 100 })).rejects.toMatchObject({ code: 'Timeout' });
    expect(await journal.read(execution.id, soon())).toEqual(execution);
    other.exec('rollback');
    other.close();
    expect(await journal.write(transition, soon())).toBe(true);
    await journal.close();
  });

  test('finds everything by an index, in its order', async () => {
    const location = await newPlace();
    const path = join(location.dataDir, 'orchestrator.sqlite');
    const journal = await openJournal(location, silent);
    const writer = SqliteDatabase.openForWriting(path);
    const asked = new Set<string>();
    const prepare = DatabaseSync.prototype.prepare;
    DatabaseSync.prototype.prepare = function remembering(sql: string) {
      asked.add(sql);
      return prepare.call(this, sql);
    };
    try {
      const { claim, removeEnded } = journalWrites(writer);
      for (const own of [true, false]) claim({ owner: 'o', now: NOW, leaseUntil: NOW, limit: 9, own, writer: 'w' });
      removeEnded({ before: NOW, limit: 9 });
      await journal.read('id', soon());
      await journal.history({ id: 'id', from: 5, limit: 9 }, soon());
      for (const status of [undefined, 'FAILED'] as const) {
        for (const after of [undefined, 'id']) await journal.list({ status, after, limit: 9 }, soon());
      }
      await journal.counts({ failingBefore: NOW }, soon());
    } finally {
      DatabaseSync.prototype.prepare = prepare;
    }
    expect(asked.size).toBeGreaterThan(12);
    const db = new DatabaseSync(path);
    const byIndex =
      /^(SCAN|SEARCH) (executions|history) USING (COVERING )?(INDEX|PRIMARY KEY)|^(CO-ROUTINE|SCAN \(subquery|LIST SUBQUERY)/;
    for (const sql of asked) {
      const plan = db.prepare(`explain query plan ${sql}`).all();
      for (const { detail } of plan) expect({ sql, detail }).toEqual({ sql, detail: expect.stringMatching(byIndex) });
    }
    db.close();
    writer.close();
    await journal.close();
  });
});
