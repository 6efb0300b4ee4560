import { MAX_VERSION, type Repeat, type Taken } from '#contracts';
import { Fault } from '#problem';

/**
 * The participant protocol: how a service takes part in sagas. Every function here is pure: it is given what is stored
 * and a step, and says what is to be written, in one commit, and what is answered. Messages may come late, twice, in
 * another order or never; that everything ends whole nevertheless is due to these rules.
 */

/** How long an undone step is remembered: longer than any message of it can be on its way. */
const RELEASED_KEPT_MS = 3_600_000;
/** Steps that one entity remembers as undone, or that hold it at once. */
export const MAX_STEPS_KEPT = 1_000;
/** Of so many versions it is always known which step made them. */
const LAST_STEPS_KEPT = 64;
/** And of all that are younger: a step that was answered by nobody is repeated within that time. */
const LAST_STEPS_KEPT_MS = 600_000;
export const MAX_LAST_STEPS = 1_024;

/** What an entity knows of the sagas around it. */
export interface SagaState {
  /** A tombstone, or a fence where no entity ever was. It has no holders, no pin, no mark. */
  deleted: boolean;
  /** How often it was deleted. */
  generation: number;
  /** It stays, whoever undoes what. */
  pinned: boolean;
  /** The steps whose executions have not ended, and that need it. */
  holders: readonly string[];
  /** The steps that were undone, and when. */
  released: readonly { stepKey: string; at: number }[];
  /** The step that is about to delete it. */
  retiring: string | null;
  /** Which step made which version. */
  lastSteps: readonly { version: number; stepKey: string; at: number }[];
}

/** What an import writes, and every row that is older than sagas. */
export const PINNED: SagaState = {
  deleted: false,
  generation: 0,
  pinned: true,
  holders: [],
  released: [],
  retiring: null,
  lastSteps: [],
};

export interface Entity {
  id: number;
  /** The key by which a create and its undo meet: the natural key, or the step key where a kind has none. */
  key: string | undefined;
  /** Another entity has the same natural key and came first: this one is found by its id only. */
  twin: boolean;
  /** 0 for a fence, which nobody ever saw. */
  version: number;
  fields: Readonly<Record<string, unknown>>;
  saga: SagaState;
}

/** An entity to be written; without an id it is new, and its store gives it one. */
export type Draft = Omit<Entity, 'id'> & { id: number | undefined };

/** What a step comes to. */
export interface Decision<Answer> {
  /** In the order in which they can be written, all in one commit; none when nothing changes. One at most lacks an id. */
  writes: readonly Draft[];
  /**
   * @param newId what the one without an id was given
   * @throws Fault a refusal; what is to be written is written nevertheless
   */
  answer(newId: number): Answer;
}

interface Step {
  stepKey: string;
}

export interface TakeStep extends Step {
  generation?: number;
  /** A live one that is not this step's own is a conflict. */
  mustBeNew?: boolean;
  /** Hold it although it is pinned: its delete has to wait. */
  evenPinned?: boolean;
}

/** What a step by value would make. */
export interface Value {
  key: string;
  fields: Readonly<Record<string, unknown>>;
}

type TakenOrRepeat = Taken | Repeat<{ generation: number }>;

/**
 * A create, or a hold: finds the entity, or makes it where it is given by value and there is none.
 * @param value nothing for a hold by id
 */
export function take(found: Entity | undefined, step: TakeStep, value: Value | undefined, now: number): Decision<TakenOrRepeat> {
  if (found) return takeFound(found, step, value, now);
  if (!value) throw notThere();
  if (step.generation) return unchanged({ repeat: { generation: 0 } });
  return written(live(value, step.stepKey, now), { created: true, held: true });
}

function takeFound(found: Entity, step: TakeStep, value: Value | undefined, now: number): Decision<TakenOrRepeat> {
  const { stepKey, generation = 0 } = step;
  const { saga } = found;
  if (isReleased(found, stepKey)) throw cancelled();
  if (saga.holders.includes(stepKey)) return taken(found, { created: isMadeBy(found, stepKey), held: true });
  if (saga.deleted && !value) throw notThere();
  if (saga.generation !== generation) return unchanged({ repeat: { generation: saga.generation } });
  if (saga.deleted && value) {
    assertRoom(saga, now);
    assertMayGoOn(found, now);
    // Its undo has a version too, and is never refused.
    versionAfter({ ...found, version: versionAfter(found) });
    return written(revived(found, value, { stepKey, now }), { created: true, held: true });
  }
  const created = isMadeBy(found, stepKey);
  if (created) return taken(found, { created, held: false });
  if (step.mustBeNew) throw new Fault('Conflict', `it exists already, with the id ${found.id}`);
  // Before any refusal whose undo would be remembered.
  if (step.evenPinned) assertRoom(saga, now);
  if (saga.retiring !== null) throw retiringFault(found);
  if (saga.pinned && !step.evenPinned) return taken(found, { created, held: false });
  // An id can be named before it is given to anything: a late copy of that hold must not hold what has it then.
  if (!value && step.generation === undefined) return unchanged({ repeat: { generation } });
  assertRoom(saga, now);
  return written({ ...found, saga: { ...saga, holders: [...saga.holders, stepKey] } }, { created, held: true });
}

/**
 * Takes back a create or hold. One that has not come yet finds its step undone when it comes: where nothing is stored,
 * a fence under its key sees to that.
 * @param key of what was given by value; nothing for a hold by id, which leaves no fence
 */
export function undo(
  found: Entity | undefined,
  { stepKey, evenPinned = false }: Step & { evenPinned?: boolean },
  key: string | undefined,
  now: number,
): Decision<{ live: boolean }> {
  if (!found && key === undefined) return unchanged({ live: false });
  if (!found) {
    const fence = { ...PINNED, pinned: false, deleted: true, released: [{ stepKey, at: now }] };
    return {
      writes: [{ id: undefined, key, twin: false, version: 0, fields: {}, saga: fence }],
      answer: () => ({ live: false }),
    };
  }
  const { saga } = found;
  const isHolder = saga.holders.includes(stepKey);
  if (saga.pinned && !isHolder && !evenPinned) return unchanged({ live: true });
  const holders = saga.holders.filter((holder) => holder !== stepKey);
  const kept = { ...found, saga: { ...saga, holders, released: withReleased(saga, stepKey, now) } };
  const isLive = !saga.deleted && (saga.pinned || holders.length > 0);
  if (isLive || saga.deleted) return { writes: [kept], answer: () => ({ live: isLive }) };
  return { writes: [tombstone(kept, stepKey, now)], answer: () => ({ live: false }) };
}

/**
 * Ends a hold for good. It acts only while the step holds the entity, so that it cannot come too late. A hold that comes
 * once more finds its step among the released, else nobody would ever take it back.
 */
export function pin(found: Entity | undefined, { stepKey }: Step, now: number): Decision<Record<string, never>> {
  if (!found?.saga.holders.includes(stepKey)) return unchanged({});
  const holders = found.saga.holders.filter((holder) => holder !== stepKey);
  const released = isMadeBy(found, stepKey) ? found.saga.released : withReleased(found.saga, stepKey, now);
  return { writes: [{ ...found, saga: { ...found.saga, holders, released, pinned: true } }], answer: () => ({}) };
}

export interface VersionedStep extends Step {
  id: number;
  expectedVersion: number;
}

interface Change {
  restated(entity: Entity): Pick<Entity, 'key' | 'fields'>;
  holder: Entity | undefined;
}

/**
 * A replace or patch: other fields, and another natural key perhaps. Under a key that is given up a fence stays, since
 * a create that comes late must not make the entity a second time. One that was done before answers what it made.
 * @param restated the fields as they shall be, and the key that comes of them
 * @param holder of that key, where it is not the entity itself
 */
export function change(found: Entity | undefined, step: VersionedStep, to: Change, now: number): Decision<Entity> {
  return orRefused(found, step, now, () => changed(found, step, to, now));
}

function changed(found: Entity | undefined, step: VersionedStep, { restated, holder }: Change, now: number): Decision<Entity> {
  const entity = changeable(found, step);
  if (entity.found.saga.deleted) throw notThere();
  const { fields, key } = restated(entity.found);
  if (entity.done) return unchanged({ ...entity.found, fields, version: step.expectedVersion + 1 });
  if (entity.found.saga.retiring !== null) throw retiringFault(entity.found);
  assertMayGoOn(entity.found, now);
  const next = nextVersion({ ...entity.found, fields }, step.stepKey, now);
  if (key === next.key) {
    assertNotReleased(entity.found, step);
    return { writes: [next], answer: () => next };
  }
  if (holder && !holder.saga.deleted) throw new Fault('Conflict', `it would be the same as the one with the id ${holder.id}`);
  // Whoever holds it by its key would look for it there to let it go.
  assertUnheld(entity.found);
  assertNotReleased(entity.found, step);
  const moved = takingOver({ ...next, key }, holder);
  return {
    writes: [...(holder ? [{ ...holder, twin: true }] : []), moved, ...leftBehind(entity.found)],
    answer: () => moved,
  };
}

export interface RetireStep extends VersionedStep {
  /** Those who hold it will be waited for. */
  evenHeld?: boolean;
}

/**
 * Marks an entity as about to be deleted: from now on nothing new may refer to it. Who held it before may still do so
 * until its execution ends, unseen by a count before that.
 */
export function retire(found: Entity | undefined, step: RetireStep, now: number): Decision<Record<string, never>> {
  // Before any refusal, since the mark is taken off after each.
  if (found) assertRoom(found.saga, now);
  const entity = changeable(found, step);
  if (entity.done || entity.found.saga.retiring === step.stepKey) return unchanged({});
  if (entity.found.saga.retiring !== null) throw retiringFault(entity.found);
  if (!step.evenHeld) assertUnheld(entity.found, 'Conflict');
  assertNotReleased(entity.found, step);
  return { writes: [{ ...entity.found, saga: { ...entity.found.saga, retiring: step.stepKey } }], answer: () => ({}) };
}

/** Takes the mark off, also that of a step that has not come yet. */
export function unretire(found: Entity | undefined, { stepKey }: Step, now: number): Decision<Record<string, never>> {
  if (!found) return unchanged({});
  const retiring = found.saga.retiring === stepKey ? null : found.saga.retiring;
  return {
    writes: [{ ...found, saga: { ...found.saga, retiring, released: withReleased(found.saga, stepKey, now) } }],
    answer: () => ({}),
  };
}

/** Deletes an entity that nothing holds and nothing refers to. */
export function remove(found: Entity | undefined, step: VersionedStep, now: number): Decision<{ version: number }> {
  return orRefused(found, step, now, () => {
    const entity = changeable(found, step);
    if (entity.done) return unchanged({ version: step.expectedVersion + 1 });
    assertUnheld(entity.found, 'Conflict');
    assertNotReleased(entity.found, step);
    return removed(entity.found, step, now);
  });
}

/**
 * A refusal ends the execution of the step, so it must hold for a copy of the step that comes later too. Where it might
 * not, since the version is still to come to pass or is there now, the step is put among the released.
 */
function orRefused<Answer>(
  found: Entity | undefined,
  { stepKey, expectedVersion }: VersionedStep,
  now: number,
  decide: () => Decision<Answer>,
): Decision<Answer> {
  try {
    return decide();
  } catch (error) {
    const isFinal = !found || found.version > expectedVersion || isReleased(found, stepKey);
    if (isFinal || !(error instanceof Fault) || error.retryable) throw error;
    assertRoom(found.saga, now);
    const released = withReleased(found.saga, stepKey, now);
    return {
      writes: [{ ...found, saga: { ...found.saga, released } }],
      answer: () => {
        throw error;
      },
    };
  }
}

/**
 * Deletes an entity that the same step has marked. Its version was compared then; only an import can have changed it
 * since, and a delete that has begun to delete what refers to it cannot turn back for that. What a step has marked nobody
 * else deletes: if it is not there, this step deleted it, so long ago that the tombstone has been purged.
 */
export function removeRetired(found: Entity | undefined, step: VersionedStep, now: number): Decision<{ version: number }> {
  if (!found) return unchanged({ version: step.expectedVersion + 1 });
  const done = found.saga.lastSteps.find((last) => last.stepKey === step.stepKey);
  if (done) return unchanged({ version: done.version });
  if (found.saga.deleted) throw notThere();
  if (found.saga.retiring !== step.stepKey)
    throw new Fault('Conflict', `the one with the id ${found.id} is not marked by this write`);
  return removed(found, step, now);
}

function removed(found: Entity, { stepKey }: Step, now: number): Decision<{ version: number }> {
  assertUnheld(found, 'Conflict');
  assertMayGoOn(found, now);
  const deleted = tombstone(found, stepKey, now);
  return { writes: [deleted], answer: () => ({ version: deleted.version }) };
}

/** Deletes an entity whatever its version, as a part of something larger; nothing to do where it is not there. */
export function removeAny(found: Entity, { stepKey }: Step, now: number): Decision<{ version: number }> {
  if (found.saga.deleted) return unchanged({ version: found.version });
  assertPinned(found, 'Unavailable');
  assertUnheld(found);
  const deleted = tombstone(found, stepKey, now);
  return { writes: [deleted], answer: () => ({ version: deleted.version }) };
}

/**
 * @param stepKey of a step that relies on it: what that once found may have been deleted since, and made again by a write
 *   that has not ended
 * @throws Fault NotFound when it is gone, Conflict when it is about to be, or may be
 */
export function check(found: Entity | undefined, stepKey: string | undefined): Entity {
  if (!found || found.saga.deleted) throw notThere();
  if (found.saga.retiring !== null) throw retiringFault(found);
  if (stepKey !== undefined && !found.saga.holders.includes(stepKey)) assertPinned(found);
  return found;
}

/** @throws Fault while an execution that has not ended holds it; `Unavailable` for a step that waits for that */
export function assertUnheld({ id, saga }: Entity, code: 'Unavailable' | 'Conflict' = 'Unavailable'): void {
  const { length } = saga.holders;
  if (length > 0) throw new Fault(code, `the one with the id ${id} is referred to by ${length} writes under way`);
}

/** An entity that an import writes or finds: live and pinned, whatever it was. */
export const imported = (saga: SagaState): SagaState => (saga.pinned ? saga : { ...saga, deleted: false, pinned: true });

/**
 * An entity that an import gives another key: those who hold it would look for it under the old one to let it go, so
 * they are let go now. It stays nevertheless, since what an import writes is pinned.
 */
export const letGo = (saga: SagaState, now: number): SagaState => ({
  ...saga,
  holders: [],
  released: [...saga.released, ...saga.holders.map((stepKey) => ({ stepKey, at: now }))],
});

/** Whether `saga` says nothing beyond what every imported entity says. */
export const isPlain = (saga: SagaState): boolean => saga === PINNED || JSON.stringify(saga) === JSON.stringify(PINNED);

/** Of those with a natural key, who has the better claim to it: a live one, then one that came first. */
export const byClaim = <E extends Draft>(a: E, b: E): number =>
  Number(a.saga.deleted) - Number(b.saga.deleted) || Number(a.twin) - Number(b.twin) || (a.id ?? 0) - (b.id ?? 0);

/** The one of those with a natural key that a step by value means: the live one that came first, else the fence. */
export const holderOf = (sameKey: readonly Entity[]): Entity | undefined =>
  sameKey.filter(({ saga, twin }) => !saga.deleted || !twin).toSorted(byClaim)[0];

/**
 * A live twin that a step by value means takes the natural key over, with what the fence under it keeps away.
 * @returns what that step finds, and what is to be written before what the step itself writes
 */
export function claimed(sameKey: readonly Entity[]): { found: Entity | undefined; writes: readonly Entity[] } {
  const found = holderOf(sameKey);
  if (!found?.twin) return { found, writes: [] };
  const fence = sameKey.find(({ twin }) => !twin);
  const holder = takingOver(found, fence);
  return { found: holder, writes: [...(fence ? [{ ...fence, twin: true }] : []), holder] };
}

/** What holds a key from now on keeps away what the fence under it kept away. */
export function takingOver<E extends Draft>(entity: E, fence: Draft | undefined): E {
  if (!fence) return { ...entity, twin: false };
  const generation = Math.max(entity.saga.generation, fence.saga.generation);
  const released = [...entity.saga.released, ...fence.saga.released];
  return { ...entity, twin: false, saga: { ...entity.saga, generation, released } };
}

/** The fence that stays under the natural key of an entity that is given another; nothing if the key is not its own. */
export function leftBehind({ key, twin, saga }: Draft): Draft[] {
  if (key === undefined || twin) return [];
  const fence = { ...PINNED, pinned: false, deleted: true, generation: saga.generation + 1, released: saga.released };
  return [{ id: undefined, key, twin, version: 0, fields: {}, saga: fence }];
}

type Changeable = { done: boolean; found: Entity };

/** A step that expects version n was done before when it made version n + 1 itself. */
function changeable(found: Entity | undefined, { expectedVersion, stepKey }: VersionedStep): Changeable {
  if (!found) throw notThere();
  if (found.saga.lastSteps.some((last) => last.version === expectedVersion + 1 && last.stepKey === stepKey))
    return { done: true, found };
  if (found.saga.deleted) throw notThere();
  if (found.version !== expectedVersion) {
    const changed = found.version > expectedVersion ? 'it has changed: ' : '';
    throw new Fault('PreconditionFailed', `${changed}it has version ${found.version} now, not ${expectedVersion}`);
  }
  assertPinned(found);
  return { done: false, found };
}

/** Asked last, so that a step that was refused is refused with the same words again. */
function assertNotReleased(found: Entity, { stepKey }: Step): void {
  if (isReleased(found, stepKey)) throw cancelled();
}

function assertPinned({ id, saga }: Entity, code: 'Unavailable' | 'Conflict' = 'Conflict'): void {
  if (!saga.pinned) throw new Fault(code, `the one with the id ${id} belongs to a write that has not ended`);
}

const notThere = () => new Fault('NotFound', 'there is none with this id');
const cancelled = () => new Fault('Cancelled', 'the step was undone before it came');
const retiringFault = ({ id }: Entity) => new Fault('Conflict', `the one with the id ${id} is about to be deleted`);

const unchanged = <A>(answer: A): Decision<A> => ({ writes: [], answer: () => answer });

const taken = ({ id, version }: Entity, how: { created: boolean; held: boolean }): Decision<Taken> =>
  unchanged({ id, version, ...how });

const written = (draft: Draft, how: { created: boolean; held: boolean }): Decision<Taken> => ({
  writes: [draft],
  answer: (newId) => ({ id: draft.id ?? newId, version: draft.version, ...how }),
});

const isReleased = ({ saga }: Entity, stepKey: string): boolean => saga.released.some((one) => one.stepKey === stepKey);

const isMadeBy = ({ saga }: Entity, stepKey: string): boolean => saga.lastSteps.some((last) => last.stepKey === stepKey);

function live({ key, fields }: Value, stepKey: string, now: number): Draft {
  const saga = { ...PINNED, pinned: false, holders: [stepKey], lastSteps: [{ version: 1, stepKey, at: now }] };
  return { id: undefined, key, twin: false, version: 1, fields, saga };
}

function revived(found: Entity, { fields }: Value, { stepKey, now }: Step & { now: number }): Entity {
  const saga = { ...found.saga, deleted: false, pinned: false, holders: [stepKey] };
  return nextVersion({ ...found, fields, saga }, stepKey, now);
}

function tombstone(found: Entity, stepKey: string, now: number): Entity {
  const { saga } = found;
  const gone = { ...saga, deleted: true, pinned: false, holders: [], retiring: null, generation: saga.generation + 1 };
  return nextVersion({ ...found, saga: gone }, stepKey, now);
}

/** @throws Fault Conflict when there is none */
export function versionAfter({ id, version }: Draft): number {
  if (version >= MAX_VERSION) throw new Fault('Conflict', `the record ${id} has reached the last version there can be`);
  return version + 1;
}

function nextVersion(entity: Entity, stepKey: string, now: number): Entity {
  const version = versionAfter(entity);
  const lastSteps = [...keptSteps(entity.saga.lastSteps, now), { version, stepKey, at: now }];
  return { ...entity, version, saga: { ...entity.saga, lastSteps } };
}

function keptSteps(lastSteps: SagaState['lastSteps'], now: number): SagaState['lastSteps'] {
  return lastSteps.filter(({ at }, index) => index >= lastSteps.length - LAST_STEPS_KEPT + 1 || at > now - LAST_STEPS_KEPT_MS);
}

const keptReleased = ({ released }: SagaState, now: number): SagaState['released'] =>
  released.filter(({ at }) => at > now - RELEASED_KEPT_MS);

const withReleased = (saga: SagaState, stepKey: string, now: number): SagaState['released'] => [
  ...keptReleased(saga, now).filter((one) => one.stepKey !== stepKey),
  { stepKey, at: now },
];

/** An undo is never refused, and follows upon a create: so that both have their version, only the create is counted. */
function assertMayGoOn({ saga }: Entity, now: number): void {
  if (keptSteps(saga.lastSteps, now).length >= MAX_LAST_STEPS)
    throw new Fault('Overloaded', 'it was changed too often in the last minutes');
}

function assertRoom(saga: SagaState, now: number): void {
  if (keptReleased(saga, now).length >= MAX_STEPS_KEPT || saga.holders.length >= MAX_STEPS_KEPT)
    throw new Fault('Overloaded', 'too many writes refer to it at once');
}
