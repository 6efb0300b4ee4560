import { randomUUID } from 'node:crypto';
import { Fault } from '#problem';
import { type ConcertIndices, IndexGone } from './concert-index.js';
import { nextIndexName } from './index-definition.js';
import { IndexLeader } from './index-leader.js';
import { firstCheckpoint, type IndexerParts, replaceBy } from './indexer.js';
import { LEASE_MS, Lease } from './lease.js';
import { OwnerServices, storeIdsOf } from './owner-services.js';
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
  /** Nothing when it is in place, but the way there was cut off. */
  verification: Verification | undefined;
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
  const index = await begun(ground, { indices, alias }, signal);
  let verification: Verification | undefined;
  try {
    const lease = await Lease.take(
      ground,
      indices,
      {
        index,
        candidate: { name: `reindex-${run}`, run },
        first: () => firstCheckpoint(ground, services, signal),
        isWanted: async () => true,
      },
      signal,
    );
    if (!lease) throw new IndexGone(index);
    const leader = new IndexLeader({ ground, services, indices, lease, tombstoneRetentionMs, wrote: parts.wrote });
    verification = await filledAndSwapped({ ground, services, indices, leader }, signal, progress);
    await lease.release();
  } catch (error) {
    // The answer to the swap may be what was lost, or what was told to stop came too late.
    if ((await indices.current()) !== index) {
      await removeQuietly(ground, indices, index);
      throw error;
    }
    ground.logger.warn({ index, reason: String(error) }, 'the index is in place, but something after that failed');
  }
  return { index, verification };
}

interface Filling {
  ground: Ground;
  services: OwnerServices;
  indices: ConcertIndices;
  leader: IndexLeader;
}

/** Fills an index, compares it, and lets the alias name it. @returns the comparison, in which nothing differed */
async function filledAndSwapped(
  { ground, services, indices, leader }: Filling,
  signal: AbortSignal,
  progress: (progress: ReindexProgress) => void,
): Promise<Verification> {
  const { index } = leader;
  const complete = Promise.withResolvers<void>();
  let verification: Verification | undefined;
  let stage: ReindexProgress['stage'] = 'filling';
  await untilFirst(signal, [
    (both) => leader.run(both, complete.resolve),
    (both) =>
      everySecond(ground, both, () => {
        if (stage === 'filling') progress({ stage, done: leader.filled });
      }),
    async (both) => {
      await unlessAborted(both, complete.promise);
      stage = 'comparing';
      const storeIds = storeIdsOf(leader.checkpoint.feeds);
      for (let comparisons = 1; ; comparisons++) {
        const compared = await verify({ ground, services, indices, index, storeIds }, both, (done) =>
          progress({ stage: 'comparing', done }),
        );
        if (compared.differences.length === 0) {
          await replaceBy(ground, indices, index);
          verification = compared;
          return;
        }
        if (comparisons === MAX_COMPARISONS) throw new IndexDiffers(compared);
      }
    },
  ]);
  // Who was told to stop after the swap has come too late.
  if (verification) return verification;
  signal.throwIfAborted();
  throw new IndexGone(index);
}

async function everySecond(ground: Ground, signal: AbortSignal, call: () => void): Promise<void> {
  while (!signal.aborted) {
    call();
    await pause(ground, 1_000, signal);
  }
}

/** Makes the index that is to be filled. @throws Fault Conflict when another one is being filled */
async function begun(
  ground: Ground,
  { indices, alias }: { indices: ConcertIndices; alias: string },
  signal: AbortSignal,
): Promise<string> {
  await removeAbandoned(ground, indices, signal);
  const index = nextIndexName(alias, await indices.names(), ground.clock.now());
  const isMade = await indices.create(index);
  const current = await indices.current();
  // Of two that began in the same moment the older goes on.
  const others = (await indices.names()).filter((name) => name < index && name !== current);
  if (isMade && others.length === 0) return index;
  if (isMade) await removeQuietly(ground, indices, index);
  throw new Fault('Conflict', `another index, ${others[0] ?? index}, is being filled just now`);
}

async function removeQuietly({ logger }: Ground, indices: ConcertIndices, index: string): Promise<void> {
  try {
    await indices.remove(index);
  } catch (error) {
    logger.warn({ index, reason: String(error) }, 'an index that is not needed could not be removed');
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
