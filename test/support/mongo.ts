import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { MongoMemoryServer } from 'mongodb-memory-server-core';
import { readTestEngines } from '#config';
import { MONGOD, MONGOD_BINARY, OwnMongo } from '../../bench/support/own-mongo.js';

export { OwnMongo };

const START_DEADLINE_MS = 60_000;

const { mongoUrl, required } = readTestEngines();
const isHere = existsSync(MONGOD);

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

/**
 * A group of tests on a real MongoDB, which runs while they do. Where there is none it is skipped and says why; with
 * CI=true that is a failure.
 */
export function describeOnMongo(name: string, tests: (mongo: () => TestMongo) => void): void {
  const group = runs(name, mongoUrl !== undefined || isHere) ? describe : describe.skip;
  group(name, () => {
    let mongo: TestMongo | undefined;
    beforeAll(async () => {
      mongo = await startTestMongo();
    }, START_DEADLINE_MS);
    afterAll(() => mongo?.stop());
    tests(() => {
      if (!mongo) throw new Error('MongoDB runs only while the tests do');
      return mongo;
    });
  });
}

/** A group of tests that start, stop and kill servers of their own. */
export function describeWithOwnMongo(name: string, tests: () => void): void {
  const group = runs(name, isHere) ? describe : describe.skip;
  group(name, tests);
}

function runs(name: string, isThere: boolean): boolean {
  if (isThere) return true;
  const reason = `${name}: there is no MongoDB here; \`make engines\` gets it, or MONGO_URL names a replica set`;
  if (required) throw new Error(reason);
  process.stdout.write(`Skipped, ${reason}\n`);
  return false;
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
