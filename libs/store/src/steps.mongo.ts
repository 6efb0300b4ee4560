import { setTimeout as sleep } from 'node:timers/promises';
import type { Filter } from 'mongodb';
import { isDuplicateKey, type MongoDatabase } from '#database';
import { Fault } from '#problem';
import type { Found, MongoEntities, Reading, RecordDocument } from './entities.mongo.js';
import { decided, type Step, type Target } from './steps.js';

/** Tries of a step that meets others on the same entity: of fifty at once, each has its turn. */
const MAX_TRIES = 64;
/** The longest pause before another try: about the time of a write. */
const MAX_PAUSE_MS = 20;

/**
 * Carries out one step of a saga: one reading, and one write under the condition that nothing came in between; else both
 * are done again. Only a step that writes several entities needs a transaction.
 */
export async function performStep<R extends V, V>(
  db: MongoDatabase,
  entities: MongoEntities<R, V>,
  step: Step,
  deadline: number,
): Promise<unknown> {
  let mustConfirm = step.readsOnly === true;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (mustConfirm) await db.confirmPrimary(deadline);
    const { writes, answer, found } = await db.read(deadline, (options) => decide(entities, step, options));
    if (writes.length === 0 && step.isDoneOnce && !mustConfirm) {
      mustConfirm = true;
      continue;
    }
    if (writes.length === 0) return answer(0);
    if (writes.length > 1) return performTogether(db, entities, step, deadline);
    const [write] = await entities.withIds(writes);
    if (!write) return answer(0);
    const isWritten = await db.write(deadline, (options) => isFirst(entities.write([write], found, options)));
    if (isWritten) return answer(write.id);
    await sleep(Math.random() * MAX_PAUSE_MS);
  }
  throw new Fault('Overloaded', 'other writes of the same record were always faster');
}

const performTogether = <R extends V, V>(db: MongoDatabase, entities: MongoEntities<R, V>, step: Step, deadline: number) =>
  db.transaction(deadline, async (session) => {
    const { writes, answer, found } = await decide(entities, step, { session });
    await entities.write(await entities.withIds(writes), found, { session, ordered: true });
    return answer(0);
  });

async function decide<R extends V, V>(entities: MongoEntities<R, V>, step: Step, options: Reading) {
  const found = await find(entities, step.of, options);
  const [entity] = found.entities;
  const newKey = entity && step.newKey?.(entity);
  const sameNewKey = newKey === undefined ? undefined : await find(entities, { key: newKey }, options);
  const known = { found: found.entities, sameNewKey: sameNewKey?.entities ?? [] };
  const stored = new Map([...found.stored, ...(sameNewKey?.stored ?? [])]);
  return { ...decided(step, known, Date.now()), found: { stored } };
}

/** By a key there are two at most: the first live one may be a twin, behind a deleted one that keeps the key. */
const find = <R extends V, V>(entities: MongoEntities<R, V>, of: Target, options: Reading): Promise<Found> => {
  if ('id' in of) return entities.find({ _id: of.id }, options);
  const filter: Filter<RecordDocument> = { key: of.key, $or: [{ twin: 0 }, { deleted: { $exists: false } }] };
  return entities.find(filter, { ...options, sort: { twin: 1 }, limit: 2 });
};

/** Whether a single write found everything as it was: not when another has the id or the key by now. */
async function isFirst(writing: Promise<number>): Promise<boolean> {
  try {
    return (await writing) === 1;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}
