import { type Decision, type Draft, decided, type Entity } from '#store';
import { isObject, type Json, type JsonObject } from '../asl/json.js';
import type { Journal, Transition, Within } from '../journal.js';
import type { DecideStep, StepCall } from './owner-service.js';

/** What keeps sagas whole. Each can be taken out, to see that the checker notices. */
export const protections = [
  'fence',
  'step-keys',
  'journal',
  'compare-and-swap',
  'undo-failing-step',
  'holders',
  'retiring',
  'holds-by-id',
  'pivot',
  'last-step-keys',
] as const;
export type Protection = (typeof protections)[number];

export const isProtection = (name: string | undefined): name is Protection =>
  protections.some((protection) => protection === name);

/** Those modules of production that a protection is in. It is taken out by what is put around them: they know nothing of it. */
export interface Parts {
  decide: DecideStep;
  /** Around the database of the journal. */
  journal(journal: Journal): Journal;
  /** Around the input of a call. */
  input(input: Json): Json;
}

const WHOLE: Parts = {
  decide: (step, known, now) => decided(step, known, now),
  journal: (journal) => journal,
  input: (input) => input,
};

/** The modules without a protection. */
export function partsWithout(protection: Protection | undefined): Parts {
  switch (protection) {
    case 'fence':
      return { ...WHOLE, decide: withoutFence };
    case 'step-keys':
      return { ...WHOLE, input: withOtherStepKeys() };
    case 'journal':
      return { ...WHOLE, journal: (journal) => rewriting(journal, withoutSteps) };
    case 'compare-and-swap':
      return { ...WHOLE, journal: (journal) => rewriting(journal, withoutCondition) };
    case 'holders':
      return { ...WHOLE, decide: withoutHolders };
    case 'retiring':
      return { ...WHOLE, decide: withoutRetiring };
    case 'holds-by-id':
      return { ...WHOLE, decide: withoutHoldsById };
    case 'last-step-keys':
      return { ...WHOLE, decide: withoutLastStepKeys };
    default:
      return WHOLE;
  }
}

/** The state machines without a protection. */
export function machinesWithout(
  protection: Protection | undefined,
  stateMachines: ReadonlyMap<string, Json>,
): ReadonlyMap<string, Json> {
  const altered = { 'undo-failing-step': withoutUndoOfFailingStep, pivot: withoutPivot };
  if (protection !== 'undo-failing-step' && protection !== 'pivot') return stateMachines;
  return new Map([...stateMachines].map(([name, machine]) => [name, altered[protection](objectOf(machine))]));
}

/** An undo leaves nothing where there is nothing, and it is forgotten what was undone. */
const withoutFence: DecideStep = (step, known, now, call) => {
  if (call.step === 'undo' && known.found.length === 0) return { writes: [], answer: () => ({ live: false }) };
  return rewritten(decided(step, known, now), (entity) => ({ ...entity, saga: { ...entity.saga, released: [] } }));
};

/** The undo of who made an entity takes it away from those who hold it. */
const withoutHolders: DecideStep = (step, known, now, call) => {
  const key = stepKeyOf(call);
  const isMaker = ({ saga }: Entity) => saga.lastSteps.some(({ stepKey }) => stepKey === key);
  const alone = (entity: Entity): Entity =>
    isMaker(entity) && !entity.saga.deleted ? { ...entity, saga: { ...entity.saga, holders: [key], pinned: false } } : entity;
  return decided(step, call.step === 'undo' ? { ...known, found: known.found.map(alone) } : known, now);
};

/** Marks are neither set nor seen. */
const withoutRetiring: DecideStep = (step, known, now, call) => {
  const marked = (retiring: string | null) => (entity: Entity) => ({ ...entity, saga: { ...entity.saga, retiring } });
  const seen = call.step === 'delete' ? marked(stepKeyOf(call)) : marked(null);
  const { writes, answer } = decided(step, { ...known, found: known.found.map(seen) }, now);
  return { writes: call.step === 'retire' ? [] : writes, answer };
};

/** What is given by its id is found, and not held. */
const withoutHoldsById: DecideStep = (step, known, now, call) => {
  const decision = decided(step, known, now);
  if (call.step !== 'hold' || !('id' in objectOf(objectOf(call.input)['part']))) return decision;
  const unheld = (answer: JsonObject) => ('held' in answer ? { ...answer, held: false } : answer);
  return { writes: [], answer: (newId) => unheld(objectOf(asJson(decision.answer(newId)))) };
};

/** It is forgotten which step made which version. */
const withoutLastStepKeys: DecideStep = (step, known, now) =>
  rewritten(decided(step, known, now), (entity) => ({ ...entity, saga: { ...entity.saga, lastSteps: [] } }));

/** Each call has a step key of its own. */
function withOtherStepKeys(): Parts['input'] {
  let calls = 0;
  return (input) => {
    if (!isObject(input) || !('stepKey' in input)) return input;
    const about = String(input['stepKey']).split('/').at(-1);
    return { ...input, stepKey: `ffffffff-0000-4000-8000-${(++calls).toString(16).padStart(12, '0')}/${about}` };
  };
}

type Rewrite = (transition: Transition, stored: { revision: number }) => Transition | undefined;

/** A journal that is given other writes than it was asked for; none for `undefined`. */
function rewriting(journal: Journal, rewrite: Rewrite): Journal {
  const write = async (transition: Transition, within: Within): Promise<boolean> => {
    const stored = await journal.read(transition.execution.id, within);
    const instead = stored && rewrite(transition, stored);
    return instead ? journal.write(instead, within) : true;
  };
  return new Proxy(journal, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'write') return write;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Writes whatever is stored. */
const withoutCondition: Rewrite = ({ execution, ...lines }, { revision }) => ({
  execution: { ...execution, revision: revision + 1 },
  ...lines,
});

/** Writes nothing but an end. */
const withoutSteps: Rewrite = (transition, stored) =>
  transition.execution.status === 'RUNNING' ? undefined : withoutCondition(transition, stored);

/** A step that fails is taken for one that did nothing: what is undone begins with the step before it. */
function withoutUndoOfFailingStep(machine: JsonObject): JsonObject {
  const skips: JsonObject = {};
  const altered = eachTask(machine, /-(hold|create|retire)$/, (task, states) => {
    const [first] = catchersOf(task);
    const undo = String(first?.['Next']);
    const { Next } = objectOf(states[undo]);
    if (!first || Next === undefined) return task;
    // A way to the undo stays, that is never gone: a machine without one is refused.
    const Choices = [{ Variable: '$.never', IsPresent: true, Next: undo }];
    skips[`Skip${undo}`] = { Type: 'Choice', Choices, Default: Next };
    return { ...task, Catch: [{ ...first, Next: `Skip${undo}` }] };
  });
  return { ...altered, States: { ...objectOf(altered['States']), ...skips } };
}

const FEW_TRIES = 2;

/** The last write is given up when it fails some times, and taken for one that was not done. */
const withoutPivot = (machine: JsonObject): JsonObject =>
  eachTask(machine, /-(replace|patch|delete)$/, (task) => {
    const [first] = catchersOf(task);
    const Retry = [{ ErrorEquals: ['Unavailable', 'Timeout', 'States.Timeout'], IntervalSeconds: 1, MaxAttempts: FEW_TRIES }];
    return { ...task, Retry, ...(first && { Catch: [{ ...first, ErrorEquals: ['States.ALL'] }] }) };
  });

/** The machine with other Tasks where their resource matches. */
function eachTask(
  machine: JsonObject,
  resource: RegExp,
  alter: (task: JsonObject, states: JsonObject) => JsonObject,
): JsonObject {
  const states = objectOf(machine['States']);
  const altered = Object.entries(states).map(([name, state]) => {
    const task = objectOf(state);
    return [name, resource.test(String(task['Resource'])) ? alter(task, states) : state];
  });
  return { ...machine, States: Object.fromEntries(altered) };
}

const catchersOf = ({ Catch }: JsonObject): JsonObject[] => (Array.isArray(Catch) ? Catch.filter(isObject) : []);

const rewritten = <A>({ writes, answer }: Decision<A>, rewrite: (draft: Draft) => Draft): Decision<A> => ({
  writes: writes.map(rewrite),
  answer,
});

const stepKeyOf = ({ input }: StepCall): string => String(objectOf(input)['stepKey']);
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));
