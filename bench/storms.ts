/**
 * Many requests under few idempotency keys, and many writers of few documents: how often each was done is counted.
 *
 * `npm run bench:storms -- [--stores sqlite,mongodb]`: 1,000 keys with 20 requests each, and 200 writers with 50 patches
 * each on 10 documents, over HTTP on a system of real processes. Ends with 1 when something was done twice, was lost, or
 * was answered wrongly.
 */
import { parseArgs } from 'node:util';
import { idempotencyStorm } from './storms/idempotency-storm.js';
import { lostUpdates } from './storms/lost-updates.js';
import { OwnMongo } from './support/own-mongo.js';
import { ProcessSystem } from './support/process-system.js';

const STORM = { keys: 1_000, requestsPerKey: 20, keysAtOnce: 20 };
const CONTEST = { writers: 200, patchesEach: 50, documents: 10 };
const SHOWN_FAULTS = 20;

async function main(stores: readonly string[]): Promise<void> {
  for (const store of stores) {
    await using stack = new AsyncDisposableStack();
    const mongo = store === 'mongodb' ? await OwnMongo.start() : undefined;
    if (mongo) stack.defer(() => mongo.stop());
    const system = await ProcessSystem.start(mongo && { MONGO_URL: mongo.url });
    stack.defer(() => system.close());
    await blowStorm(store, system);
    await holdContest(store, system);
  }
}

async function blowStorm(store: string, system: ProcessSystem): Promise<void> {
  const { faults, executions, concerts, first, again, retried } = await idempotencyStorm(system, STORM);
  const { keys, requestsPerKey } = STORM;
  console.log(
    `${store}: ${keys} keys x ${requestsPerKey} requests: ${executions} executions, ${concerts} concerts; ` +
      `${statuses(first)}, and again ${statuses(again)}; ${retried} retried`,
  );
  judge(faults, executions === keys && concerts === keys);
}

async function holdContest(store: string, system: ProcessSystem): Promise<void> {
  const { faults, documents, accepted, refused, unknown, lost, retried } = await lostUpdates(system, CONTEST);
  const { writers, patchesEach } = CONTEST;
  const sum = (of: (document: (typeof documents)[number]) => number) => documents.reduce((total, one) => total + of(one), 0);
  console.log(
    `${store}: ${writers} writers x ${patchesEach} patches on ${documents.length} documents: ${accepted} accepted, ` +
      `${refused} refused, ${unknown} given up, ${lost} answers lost, ${retried} retried; by the journal ` +
      `${sum(({ succeeded }) => succeeded)} succeeded, the versions less one are ${sum(({ version }) => version - 1)}`,
  );
  judge(faults, documents.length === CONTEST.documents);
}

function judge(faults: readonly string[], isComplete: boolean): void {
  for (const fault of faults.slice(0, SHOWN_FAULTS)) console.log(`  ${fault}`);
  if (faults.length > 0 || !isComplete) process.exitCode = 1;
  console.log(faults.length > 0 || !isComplete ? `WRONG: ${faults.length} faults` : 'all as it must be');
}

const statuses = (counts: Record<number, number>): string =>
  Object.entries(counts)
    .map(([status, count]) => `${count} x ${status}`)
    .join(', ');

const { values } = parseArgs({ options: { stores: { type: 'string', default: 'sqlite,mongodb' } } });
const stores = values.stores.split(',');
if (stores.some((store) => !['sqlite', 'mongodb'].includes(store))) {
  throw new Error(`--stores is sqlite, mongodb, or both, not ${values.stores}`);
}
await main(stores);
