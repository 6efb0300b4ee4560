import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MongoClient } from 'mongodb';
import { readConfig } from '#config';
import { databaseName } from '#database';

/** All writes that the executions in a journal have taken so far: each raises the revision of its execution by one. */
export async function journalWrites(environment: Readonly<Record<string, string>>): Promise<number> {
  const { orchestrator, dataDir } = readConfig(environment);
  return orchestrator.mongoUrl === undefined ? inSqlite(join(dataDir, 'orchestrator.sqlite')) : inMongo(orchestrator.mongoUrl);
}

function inSqlite(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(db.prepare('select sum(revision) as writes from executions').get()?.['writes'] ?? 0);
  } finally {
    db.close();
  }
}

async function inMongo(url: string): Promise<number> {
  const client = await MongoClient.connect(url);
  try {
    const group = { $group: { _id: null, writes: { $sum: '$revision' } } };
    const [found] = await client.db(databaseName(url, 'orchestrator')).collection('executions').aggregate([group]).toArray();
    return Number(found?.['writes'] ?? 0);
  } finally {
    await client.close();
  }
}
