import type { bandSteps, CallContract, Part } from '#contracts';
import { type Kind, recordOf } from './kind.js';
import {
  assertUnheld,
  change,
  check,
  claimed,
  type Decision,
  type Entity,
  holderOf,
  pin,
  type RetireStep,
  remove,
  removeRetired,
  retire,
  take,
  undo,
  unretire,
  type VersionedStep,
} from './participant.js';
import type { AnswersTo, Within } from './port.js';

/** The calls of the participant protocol, by their names in the contracts. */
export type StepName = keyof typeof bandSteps;
const stepNames = [
  'create',
  'hold',
  'undo',
  'pin',
  'replace',
  'patch',
  'delete',
  'check',
  'retire',
  'unretire',
  'unheld',
] as const satisfies readonly StepName[];

/** What an entity is found by. */
export type Target = { id: number } | { key: string };

/** One call of the protocol, ready to be decided on what is stored. */
export interface Step {
  of: Target;
  /** The natural key that the entity is to have, where it is another than it has: who holds it must be known. */
  newKey?(found: Entity): string | undefined;
  /** @param holder of the new key */
  decide(found: Entity | undefined, now: number, holder: Entity | undefined): Decision<unknown>;
  /** It only reads, and what it reads must be what is there now. */
  readsOnly?: true;
  /** Nothing comes after it that would notice that it has found nothing to do where there was something. */
  isDoneOnce?: true;
}

interface Keyed {
  stepKey: string;
}

/** The calls of the protocol for one kind of record. */
export function stepsOf<R extends V, V>(kind: Kind<R, V>) {
  const keyed = (value: V, { stepKey }: Keyed) => ({ key: kind.key?.(value) ?? stepKey, fields: kind.complete(value) });
  const record = ({ id, fields, version }: Entity): R => recordOf(id, fields, version);
  const patched = (entity: Entity, patch: object): V => {
    const before = record(entity);
    return { ...(kind.patchable?.(before) ?? before), ...patch };
  };
  const changing = (step: VersionedStep, valueFor: (entity: Entity) => V): Step => {
    const keyFor = (entity: Entity) => kind.key?.(valueFor(entity)) ?? entity.key;
    return {
      of: { id: step.id },
      newKey: (found) => (found.saga.deleted || keyFor(found) === found.key ? undefined : keyFor(found)),
      decide: (found, now, holder) => {
        const restated = (entity: Entity) => {
          const value = valueFor(entity);
          kind.assertWhole?.(value);
          return { key: keyFor(entity), fields: kind.complete(value) };
        };
        return answering(change(found, step, { restated, holder }, now), record);
      },
    };
  };

  return {
    create: ({ row, ...step }: Keyed & { row: V; generation?: number }): Step => {
      const value = keyed(row, step);
      return { of: { key: value.key }, decide: (found, now) => take(found, { ...step, mustBeNew: true }, value, now) };
    },
    hold: ({ part, ...step }: Keyed & { part: Part<V>; generation?: number; evenPinned?: boolean }): Step => {
      if ('id' in part) return { of: part, decide: (found, now) => take(found, step, undefined, now) };
      const value = keyed(part.row, step);
      return { of: { key: value.key }, decide: (found, now) => take(found, step, value, now) };
    },
    undo: ({ part, ...step }: Keyed & { part: Part<V>; evenPinned?: boolean }): Step => {
      if ('id' in part) return { of: part, decide: (found, now) => undo(found, step, undefined, now), isDoneOnce: true };
      const { key } = keyed(part.row, step);
      return { of: { key }, decide: (found, now) => undo(found, step, key, now), isDoneOnce: true };
    },
    pin: ({ id, ...step }: Keyed & { id: number }): Step => ({
      of: { id },
      decide: (found, now) => pin(found, step, now),
      isDoneOnce: true,
    }),
    replace: ({ row, ...step }: VersionedStep & { row: V }): Step => changing(step, () => row),
    patch: ({ patch, ...step }: VersionedStep & { patch: object }): Step => changing(step, (entity) => patched(entity, patch)),
    delete: (step: VersionedStep): Step => {
      const removing = kind.isReferredTo ? removeRetired : remove;
      return { of: { id: step.id }, decide: (found, now) => removing(found, step, now), isDoneOnce: true };
    },
    check: ({ stepKey, ...of }: { id: number; stepKey?: string }): Step => reading(of, (found) => record(check(found, stepKey))),
    retire: (step: RetireStep): Step => ({ of: { id: step.id }, decide: (found, now) => retire(found, step, now) }),
    unretire: ({ id, ...step }: Keyed & { id: number }): Step => {
      return { of: { id }, decide: (found, now) => unretire(found, step, now) };
    },
    unheld: (of: { id: number }): Step =>
      reading(of, (found) => {
        if (found) assertUnheld(found);
        return {};
      }),
  } satisfies Record<StepName, unknown>;
}

const reading = (of: Target, read: (found: Entity | undefined) => unknown): Step => ({
  of,
  decide: (found) => ({ writes: [], answer: () => read(found) }),
  readsOnly: true,
});

const answering = <A, B>({ writes, answer }: Decision<A>, as: (answer: A) => B): Decision<B> => ({
  writes,
  answer: (newId) => as(answer(newId)),
});

/**
 * The calls of the protocol as methods.
 * @param perform carries out the call of a name; it is given that call's own request, and answers as its contract says
 */
export const participant = <Calls extends Record<string, CallContract>>(
  perform: (name: StepName, request: never, within: Within) => Promise<unknown>,
): AnswersTo<Calls> =>
  Object.fromEntries(
    stepNames.map((name) => [name, (request: never, within: Within) => perform(name, request, within)]),
  ) as unknown as AnswersTo<Calls>;

/**
 * Whom a step must know of: the one with its id, or of all that have its key the one that is no twin, and if that is
 * deleted or missing the live twin with the lowest id. Of its new key the same.
 */
export interface Known {
  found: readonly Entity[];
  sameNewKey: readonly Entity[];
}

/** What a step comes to, with what has to be written first so that it means the right entity. */
export function decided(step: Step, { found, sameNewKey }: Known, now: number): Decision<unknown> {
  const claim = 'id' in step.of ? { found: found[0], writes: [] } : claimed(found);
  const { writes, answer } = step.decide(claim.found, now, holderOf(sameNewKey));
  const before = claim.writes.filter(({ id }) => writes.every((write) => write.id !== id));
  return { writes: [...before, ...writes], answer };
}
