import { randomUUID } from 'node:crypto';
import { Fault } from '#problem';
import { storeIdsOf } from './checkpoint.js';
import { type ConcertIndices, IndexGone } from './concert-index.js';
import { nextIndexName } from './index-definition.js';
import { IndexLeader } from './index-leader.js';
import { firstCheckpoint, type IndexerParts, replaceBy } from './indexer.js';
import { LEASE_MS, Lease } from './lease.js';
import { OwnerServices } from './owner-services.js';
import { type Ground, pause, unlessAborted, untilFirst } from './patience.js';
import { type Verification, verify } from './verification.js';

/** Comparisons until the new index is given up. */
const MAX_COMPARISONS = 3;

/** How far it is: concerts that are in the new index, then those that were compared. */
export interface ReindexProgress {
  stage: 'filling' | 'comparing';
  done: number;
}

export interface Reindexed {
  /** The new index. */
  index: string;
  verification: Verification;
}

/** The new index never came to have what the services have. */
export class IndexDiffers extends Error {
  constructor(readonly verification: Verification) {
    super(`the new index differs from the services in ${verification.differences.length} concerts, and was not put in place`);
  }
}

/**
 * Fills a new index from empty, compares it with the services, and lets the alias name it: in one step, so that no search
 * fails. The indexer that runs keeps the index of before up to date until then, and goes over to the new one.
 * @throws IndexDiffers, Fault Conflict when another index is being filled
 */
export async function reindex(
  parts: IndexerParts,
  signal: AbortSignal,
  progress: (progress: ReindexProgress) => void = () => undefined,
  run: string = randomUUID(),
): Promise<Reindexed> {
  const { indices, alias, tombstoneRetentionMs } = parts;
  const ground: Ground = parts;
  const services = new OwnerServices({ callers: parts.callers, clock: parts.clock, run });
  await removeAbandoned(ground, indices, signal);
  const index = nextIndexName(alias, await indices.names(), ground.clock.now());
  if (!(await indices.create(index))) throw new Fault('Conflict', `another index, ${index}, is being filled just now`);
  const lease = await Lease.take(
    ground,
    indices,
    {
      index,
      candidate: { name: `reindex-${run}`, run },
      first: () => firstCheckpoint(ground, services),
      isWanted: async () => true,
    },
    signal,
  );
  if (!lease) throw new IndexGone(index);
  const leader = new IndexLeader({ ground, services, indices, lease, tombstoneRetentionMs });
  let verification: Verification | undefined;
  let stage: ReindexProgress['stage'] = 'filling';
  try {
    const complete = Promise.withResolvers<void>();
    await untilFirst(signal, [
      (both) => leader.run(both, complete.resolve),
      (both) =>
        everySecond(ground, both, () => {
          if (stage === 'filling') progress({ stage, done: leader.filled });
        }),
      async (both) => {
        await unlessAborted(both, complete.promise);
        stage = 'comparing';
        const storeIds = storeIdsOf(lease.checkpoint);
        for (let comparisons = 1; ; comparisons++) {
          verification = await verify({ ground, services, indices, index, storeIds }, both, (done) =>
            progress({ stage: 'comparing', done }),
          );
          if (verification.differences.length === 0) return replaceBy(indices, index);
          if (comparisons === MAX_COMPARISONS) throw new IndexDiffers(verification);
        }
      },
    ]);
    signal.throwIfAborted();
  } catch (error) {
    await indices
      .remove(index)
      .catch((reason) => parts.logger.warn({ index, reason: String(reason) }, 'it could not be removed'));
    throw error;
  }
  await lease.release();
  if (!verification) throw new TypeError('an index was put in place without a comparison');
  return { index, verification };
}

async function everySecond(ground: Ground, signal: AbortSignal, call: () => void): Promise<void> {
  while (!signal.aborted) {
    call();
    await pause(ground, 1_000, signal);
  }
}

/** Removes indices that were begun and left: nobody stores their checkpoints. @throws Fault Conflict when somebody does */
async function removeAbandoned(ground: Ground, indices: ConcertIndices, signal: AbortSignal): Promise<void> {
  const current = await indices.current();
  const names = (await indices.names()).filter((name) => name !== current);
  if (names.length === 0) return;
  const seqNos = () => Promise.all(names.map(async (name) => (await indices.readCheckpoint(name))?.position.seqNo));
  const before = await seqNos();
  await pause(ground, LEASE_MS, signal);
  signal.throwIfAborted();
  const after = await seqNos();
  for (const [at, name] of names.entries()) {
    if (after[at] !== before[at]) throw new Fault('Conflict', `the index ${name} is being filled just now`);
    await indices.remove(name);
  }
}
