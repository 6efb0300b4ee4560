import { join } from 'node:path';
import { MongoMemoryReplSet } from 'mongodb-memory-server-core';
import { freeze } from './freeze.js';

/** Where `make engines` puts it; tests and benchmarks are run in the project's folder. */
export const MONGOD = join(process.cwd(), '.engines/mongod');
/** Naming the version keeps the starter from asking the binary for it and comparing. */
export const MONGOD_BINARY = { systemBinary: MONGOD, version: '6.0.5', checkMD5: false };
/** On a busy machine it takes longer than the starter would wait by itself. */
const START_TIMEOUT_MS = 30_000;
/** A server that is just electing itself refuses the configuration that the starter sets. */
const STARTS = 3;

/** A replica set of one node, on a port and in a folder of its own, that may be killed and started again on both. */
export class OwnMongo {
  private constructor(
    private readonly replicaSet: MongoMemoryReplSet,
    readonly url: string,
  ) {}

  static async start(): Promise<OwnMongo> {
    const replicaSet = await MongoMemoryReplSet.create({
      binary: MONGOD_BINARY,
      replSet: { count: 1, storageEngine: 'wiredTiger' },
      instanceOpts: [{ launchTimeout: START_TIMEOUT_MS }],
    });
    return new OwnMongo(replicaSet, replicaSet.getUri());
  }

  get pid(): number {
    const pid = this.process?.pid;
    if (pid === undefined) throw new Error('the MongoDB does not run');
    return pid;
  }

  /** Lets the server stand still, with its connections open, until it is thawed. */
  freeze(): Promise<void> {
    return freeze(this.pid);
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  /** Ends the server; its files stay. */
  async pause(): Promise<void> {
    await this.replicaSet.stop({ doCleanup: false });
  }

  async resume(): Promise<void> {
    for (let starts = 1; ; starts++) {
      try {
        return await this.replicaSet.start();
      } catch (error) {
        if (starts === STARTS) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.replicaSet.stop({ doCleanup: true, force: true });
  }

  private get process() {
    return this.replicaSet.servers[0]?.instanceInfo?.instance.mongodProcess;
  }
}
