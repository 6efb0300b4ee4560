import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { MongoClient } from 'mongodb';
import { MongoMemoryServer } from 'mongodb-memory-server-core';
import { readTestEngines } from '#config';
import { MONGOD, MONGOD_BINARY, OwnMongo } from '../../bench/support/own-mongo.js';
import { engineGroups } from './engine-groups.js';

const { mongoUrl } = readTestEngines();

/** Groups of tests on a MongoDB, and with MongoDBs of their own. */
export const { describeOn: describeOnMongo, describeWithOwn: describeWithOwnMongo } = engineGroups({
  name: 'MongoDB',
  hint: 'MONGO_URL names a replica set',
  isHere: existsSync(MONGOD),
  url: mongoUrl,
  start: startTestMongo,
  startDeadlineMs: 60_000,
});

/** A MongoDB for one test file: a replica set of one node. */
export interface TestMongo {
  /** Its URL with the name of a database, which is this file's own. */
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/** The server that MONGO_URL names, in databases of their own that are dropped at the end; else one that is started. */
async function startTestMongo(): Promise<TestMongo> {
  if (mongoUrl !== undefined) {
    const prefix = `backline-test-${randomUUID().slice(0, 8)}`;
    return { urlOf: (database) => withDatabase(mongoUrl, `${prefix}-${database}`), stop: () => dropDatabases(mongoUrl, prefix) };
  }
  const own = await OwnMongo.start();
  return { urlOf: (database) => withDatabase(own.url, database), stop: () => own.stop() };
}

const withDatabase = (url: string, database: string) =>
  url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${database}`);

/** A MongoDB that is no replica set. */
export async function startStandaloneMongo(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = await MongoMemoryServer.create({ binary: MONGOD_BINARY, instance: { storageEngine: 'wiredTiger' } });
  return {
    url: server.getUri(),
    stop: async () => {
      await server.stop({ doCleanup: true, force: true });
    },
  };
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = await MongoClient.connect(url);
  try {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    for (const { name } of databases) if (name.startsWith(prefix)) await client.db(name).dropDatabase();
  } finally {
    await client.close();
  }
}
