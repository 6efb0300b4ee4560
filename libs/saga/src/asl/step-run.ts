import { contextObject, type MapItem } from './context.js';
import {
  type Activity,
  attemptOf,
  type Branch,
  type Grouped,
  hasEnded,
  isGrouped,
  type Position,
  type Visit,
  visitOf,
  type Waiting,
} from './cursor.js';
import { effectiveInput, inputData, itemsOf, outputOf } from './data-flow.js';
import { limitData } from './data-limit.js';
import type { Definition } from './definition.js';
import { type Failure, failureOf, StateFault } from './failure.js';
import type { Json, JsonObject } from './json.js';
import { type Data, putIn } from './paths.js';
import { ALL_ERRORS, delayMs, matchesError } from './retry.js';
import type { ChoiceState, FailState, GroupState, MapState, State, TaskState } from './states.js';
import type { Command, HistoryEvent, Outcome, Step, TaskCommand } from './step.js';

/** One step goes through no more states, so that it has an end whatever the data. */
const MAX_STATES_PER_STEP = 10_000;
/** AWS runs no more iterations of an inline Map at once, whatever its MaxConcurrency. */
const MAX_CONCURRENCY = 40;

/** What is around a state. */
interface Scope {
  /** Whether a Catch around it takes an error of any name. */
  catchesAll: boolean;
  /** Of the innermost Map around it. */
  item: MapItem | undefined;
}

const OUTERMOST: Scope = { catchesAll: false, item: undefined };

/** How a branch, or the execution, goes on. */
type Settled = { type: 'waiting'; activity: Activity } | { type: 'ended'; output: Json } | { type: 'failed'; failure: Failure };

/** What follows from one state. */
type Turn = Settled | { type: 'next'; state: string; input: Json };

/** What a Parallel or Map runs. */
interface Group {
  count: number;
  concurrency: number;
  scope(index: number): Scope;
  first(index: number): Turn;
}

/** One step of an execution: from something that has happened to the next that has to be waited for. */
export class StepRun {
  readonly #definition: Definition;
  readonly #start: Position['start'];
  readonly #at: number;
  readonly #events: HistoryEvent[] = [];
  /** Calls that were scheduled in this step. */
  readonly #calls = new Map<Activity, TaskCommand>();
  #entries: number;
  #statesLeft = MAX_STATES_PER_STEP;

  /** `entries` is the number of states entered before; `at` is when the step happens (epoch milliseconds). */
  constructor(definition: Definition, start: Position['start'], { at, entries }: { at: number; entries: number }) {
    this.#definition = definition;
    this.#start = start;
    this.#at = at;
    this.#entries = entries;
  }

  begin(): Step {
    const { input } = this.#start;
    this.#record('ExecutionStarted');
    const first = attempt((): Turn => {
      limitData(input, 'The execution has an input');
      return { type: 'next', state: this.#definition.startAt, input };
    }, failed);
    return this.#conclude(this.#follow(first, OUTERMOST));
  }

  /** Undefined when nothing waits for this outcome. */
  resume(activity: Activity, outcome: Outcome): Step | undefined {
    const turn = this.#resume(activity, outcome, OUTERMOST);
    return turn && this.#conclude(this.#follow(turn, OUTERMOST));
  }

  /** All that is waited for. */
  commands(activity: Activity, scope = OUTERMOST): Command[] {
    const state = this.#state(activity.state);
    if (!isGrouped(activity)) return [this.#calls.get(activity) ?? this.#command(state, activity, scope)];
    const group = this.#group(groupState(state), activity, scope);
    return activity.branches.flatMap((branch, index) => (hasEnded(branch) ? [] : this.commands(branch, group.scope(index))));
  }

  #conclude(settled: Settled): Step {
    const events = this.#events;
    if (settled.type === 'waiting') {
      const cursor: Position = { start: this.#start, entries: this.#entries, activity: settled.activity };
      return { cursor, commands: this.commands(settled.activity), events };
    }
    if (settled.type === 'ended') {
      const { output } = settled;
      this.#record('ExecutionSucceeded', undefined, { output });
      return { cursor: null, commands: [], events, end: { status: 'SUCCEEDED', output } };
    }
    const { error, cause } = settled.failure;
    this.#record('ExecutionFailed', undefined, { error, cause });
    return { cursor: null, commands: [], events, end: { status: 'FAILED', error, cause } };
  }

  #follow(turn: Turn, scope: Scope): Settled {
    let current = turn;
    while (current.type === 'next') current = this.#enter(current.state, current.input, scope);
    return current;
  }

  #enter(name: string, input: Json, scope: Scope): Turn {
    const state = this.#state(name);
    if (this.#statesLeft === 0) {
      const cause = `More than ${MAX_STATES_PER_STEP} states were entered with nothing to wait for`;
      return failed(failureOf({ error: 'States.Runtime', cause }));
    }
    this.#statesLeft -= 1;
    this.#entries += 1;
    this.#record(`${state.type}StateEntered`, state);
    const visit = { state: name, entry: this.#entries, enteredAt: this.#at, input, retries: [] };
    return this.#guard(state, visit, () => this.#run(state, visit, scope));
  }

  #run(state: State, visit: Visit, scope: Scope): Turn {
    switch (state.type) {
      case 'Task':
        return this.#call(state, { ...visit, notBefore: this.#at }, scope);
      case 'Choice':
        return this.#choose(state, visit, scope);
      case 'Wait': {
        const notBefore = state.until(inputData(state, this.#data(visit, scope)), visit.enteredAt);
        return waiting({ ...visit, notBefore });
      }
      case 'Parallel':
      case 'Map':
        return this.#startGroup(state, visit, scope);
      case 'Fail':
        return failed(this.#failure(state, visit, scope));
      case 'Pass':
      case 'Succeed':
        return this.#pass(state, visit, scope);
    }
  }

  #choose(state: ChoiceState, visit: Visit, scope: Scope): Turn {
    const data = inputData(state, this.#data(visit, scope));
    const next = state.rules.find(({ test }) => test(data))?.next ?? state.default;
    if (next === undefined)
      throw new StateFault('States.NoChoiceMatched', 'No rule of the Choice matches, and it has no Default.');
    return this.#leave({ ...state, next }, visit, scope, data.input);
  }

  /** Leaves a state that does nothing but to give its Result, or to hand its input on. */
  #pass(state: State, visit: Visit, scope: Scope): Turn {
    const given = state.type === 'Pass' ? state.result : undefined;
    return this.#leave(state, visit, scope, given === undefined ? effectiveInput(state, this.#data(visit, scope)) : given);
  }

  #failure(state: FailState, visit: Visit, scope: Scope): Failure {
    const data = this.#data(visit, scope);
    return failureOf({ error: textOf(state.error(data), 'ErrorPath'), cause: textOf(state.cause(data), 'CausePath') });
  }

  #call(state: TaskState, activity: Waiting, scope: Scope): Turn {
    const command = this.#taskCommand(state, activity, scope);
    this.#calls.set(activity, command);
    const { resource, input: parameters, attempt } = command;
    this.#record('TaskScheduled', state, { resource, parameters, attempt });
    return waiting(activity);
  }

  #leave(state: State, visit: Visit, scope: Scope, result: Json): Turn {
    const output = outputOf(state, this.#data(visit, scope), result);
    this.#record(`${state.type}StateExited`, state);
    return state.next === null ? { type: 'ended', output } : { type: 'next', state: state.next, input: output };
  }

  #resume(activity: Activity, outcome: Outcome, scope: Scope): Turn | undefined {
    const state = this.#state(activity.state);
    const visit = visitOf(activity);
    if (isGrouped(activity)) return this.#resumeGroup(groupState(state), visit, scope, { activity, outcome });
    if (commandId(activity) !== outcome.command) return undefined;
    if (state.type === 'Task') return this.#resumeTask(state, visit, scope, outcome);
    if (outcome.type === 'interrupted') return this.#fail(state, visit, scope, failureOf(outcome));
    if (outcome.type !== 'elapsed') return undefined;
    return this.#guard(state, visit, () =>
      state.type === 'Wait' ? this.#pass(state, visit, scope) : this.#startGroup(groupState(state), visit, scope),
    );
  }

  #resumeTask(state: TaskState, visit: Visit, scope: Scope, outcome: Outcome): Turn | undefined {
    if (outcome.type === 'elapsed') return undefined;
    if (outcome.type === 'succeeded') {
      return this.#guard(state, visit, () => {
        const output = limitData(outcome.output, `The state/task '${state.resource}' returned a result`);
        this.#record('TaskSucceeded', state, { output });
        return this.#leave(state, visit, scope, output);
      });
    }
    const failure = failureOf(outcome);
    const { error, cause } = failure;
    this.#record(error === 'States.Timeout' ? 'TaskTimedOut' : 'TaskFailed', state, { error, cause, attempt: attemptOf(visit) });
    return this.#fail(state, visit, scope, failure);
  }

  /** The state's Retry, else its Catch, else the failure is that of what is around it. */
  #fail(state: State, visit: Visit, scope: Scope, failure: Failure): Turn {
    const index = state.retry.findIndex(({ errors }) => matchesError(errors, failure.error));
    const retrier = state.retry[index];
    const used = visit.retries[index] ?? 0;
    if (failure.interrupted || !retrier || used >= retrier.maxAttempts) return this.#catch(state, visit, failure);
    const retries = state.retry.map((_, other) => (visit.retries[other] ?? 0) + (other === index ? 1 : 0));
    const again = { ...visit, retries };
    const attempt = { executionId: this.#start.executionId, state: state.name, attempt: attemptOf(again) };
    const activity = { ...again, notBefore: this.#at + delayMs(retrier, used, attempt) };
    return state.type === 'Task' ? this.#guard(state, visit, () => this.#call(state, activity, scope)) : waiting(activity);
  }

  #catch(state: State, visit: Visit, failure: Failure): Turn {
    const catcher = state.catch.find(({ errors }) => matchesError(errors, failure.error));
    if (!catcher) return failed(failure);
    const { next, resultPath } = catcher;
    return attempt(() => {
      const caught = { Error: failure.error, Cause: failure.cause };
      const input = resultPath ? putIn(visit.input, resultPath, caught) : visit.input;
      this.#record(`${state.type}StateExited`, state);
      return { type: 'next', state: next, input };
    }, failed);
  }

  /** A state's fault in its own work on its data is not retried: the same data would have the same fault. */
  #guard(state: State, visit: Visit, work: () => Turn): Turn {
    return attempt(work, ({ error, cause }) => {
      const where = `An error occurred while executing the state '${state.name}'. ${cause}`;
      return this.#catch(state, visit, failureOf({ error, cause: where }));
    });
  }

  #startGroup(state: GroupState, visit: Visit, scope: Scope): Turn {
    this.#record(`${state.type}StateStarted`, state);
    return this.#proceed(state, visit, scope, []);
  }

  /** Starts as many branches as may run at once. When all have ended, so has the state. */
  #proceed(state: GroupState, visit: Visit, scope: Scope, before: readonly Branch[]): Turn {
    const group = this.#group(state, visit, scope);
    const branches = [...before];
    let running = branches.filter((branch) => !hasEnded(branch)).length;
    while (branches.length < group.count && running < group.concurrency) {
      const index = branches.length;
      if (state.type === 'Map') this.#record('MapIterationStarted', state, { index });
      const settled = this.#followBranch(state, group.first(index), group.scope(index), index);
      if (settled.type === 'failed') return this.#fail(state, visit, scope, settled.failure);
      branches.push(branchOf(settled));
      if (settled.type === 'waiting') running += 1;
    }
    const outputs = branches.filter(hasEnded).map(({ output }) => output);
    limitData(outputs, `The state '${state.name}' has results`);
    if (running > 0) return waiting({ ...visit, branches });
    this.#record(`${state.type}StateSucceeded`, state);
    return this.#leave(state, visit, scope, outputs);
  }

  #resumeGroup(state: GroupState, visit: Visit, scope: Scope, { activity, outcome }: GroupOutcome): Turn | undefined {
    const group = this.#group(state, visit, scope);
    for (const [index, branch] of activity.branches.entries()) {
      const turn = hasEnded(branch) ? undefined : this.#resume(branch, outcome, group.scope(index));
      if (!turn) continue;
      const settled = this.#followBranch(state, turn, group.scope(index), index);
      if (settled.type === 'failed') return this.#fail(state, visit, scope, settled.failure);
      const branches = activity.branches.with(index, branchOf(settled));
      return this.#guard(state, visit, () => this.#proceed(state, visit, scope, branches));
    }
    return undefined;
  }

  #followBranch(state: GroupState, turn: Turn, scope: Scope, index: number): Settled {
    const settled = this.#follow(turn, scope);
    if (state.type === 'Map' && settled.type === 'ended') this.#record('MapIterationSucceeded', state, { index });
    if (state.type === 'Map' && settled.type === 'failed') this.#record('MapIterationFailed', state, { index });
    if (settled.type === 'failed') this.#record(`${state.type}StateFailed`, state, { error: settled.failure.error });
    return settled;
  }

  #group(state: GroupState, visit: Visit, scope: Scope): Group {
    const raw = this.#data(visit, scope);
    const inner = { ...scope, catchesAll: scope.catchesAll || catchesAll(state) };
    if (state.type === 'Parallel') {
      const { branches } = state;
      const first = (index: number): Turn => ({ type: 'next', state: branches[index] ?? '', input: effectiveInput(state, raw) });
      return { count: branches.length, concurrency: branches.length, scope: () => inner, first };
    }
    const data = inputData(state, raw);
    const items = itemsOf(state.itemsPath, data);
    const scopeOf = (index: number) => ({ ...inner, item: { index, value: items[index] ?? null } });
    return {
      count: items.length,
      concurrency: Math.min(state.maxConcurrency || MAX_CONCURRENCY, MAX_CONCURRENCY),
      scope: scopeOf,
      first: (index) => {
        const itemData = { ...this.#data(visit, scopeOf(index)), input: data.input };
        return { type: 'next', state: state.startAt, input: itemInput(state, itemData, items[index] ?? null) };
      },
    };
  }

  #command(state: State, activity: Waiting, scope: Scope): Command {
    if (state.type === 'Task') return this.#taskCommand(state, activity, scope);
    const interruptible = scope.catchesAll || catchesAll(state);
    return { type: 'wait', id: commandId(activity), state: state.name, notBefore: activity.notBefore, interruptible };
  }

  #taskCommand(state: TaskState, activity: Waiting, scope: Scope): TaskCommand {
    const raw = this.#data(activity, scope);
    return {
      type: 'task',
      id: commandId(activity),
      state: state.name,
      resource: state.resource,
      input: effectiveInput(state, raw),
      attempt: attemptOf(activity),
      notBefore: activity.notBefore,
      timeoutMs: state.timeoutMs(inputData(state, raw)),
      interruptible: scope.catchesAll || catchesAll(state),
    };
  }

  #data(visit: Visit, { item }: Scope): Data {
    return { input: visit.input, context: () => contextObject(this.#start, visit, item) };
  }

  #state(name: string): State {
    const state = this.#definition.states.get(name);
    if (!state) throw new TypeError(`The cursor is at a state that the definition does not have: ${name}`);
    return state;
  }

  #record(type: string, state?: State, detail?: JsonObject): void {
    this.#events.push({ type, at: this.#at, ...(state && { state: state.name }), ...detail });
  }
}

interface GroupOutcome {
  activity: Grouped;
  outcome: Outcome;
}

function attempt(work: () => Turn, onFault: (failure: Failure) => Turn): Turn {
  try {
    return work();
  } catch (fault) {
    if (!(fault instanceof StateFault)) throw fault;
    return onFault(failureOf({ error: fault.error, cause: fault.message }));
  }
}

function failed(failure: Failure): Turn {
  return { type: 'failed', failure };
}

function waiting(activity: Activity): Turn {
  return { type: 'waiting', activity };
}

function branchOf(settled: Exclude<Settled, { type: 'failed' }>): Branch {
  return settled.type === 'ended' ? { output: settled.output } : settled.activity;
}

function itemInput(state: MapState, data: Data, item: Json): Json {
  return state.itemSelector ? limitData(state.itemSelector(data), `The state '${state.name}' has an item`) : item;
}

function groupState(state: State): GroupState {
  if (state.type === 'Parallel' || state.type === 'Map') return state;
  throw new TypeError(`The cursor is in branches of a state that has none: ${state.name}`);
}

function catchesAll(state: State): boolean {
  return state.catch.some(({ errors }) => errors.includes(ALL_ERRORS));
}

/** Another attempt has another one, and so has the state when it is entered again. */
function commandId(visit: Visit): string {
  return `${visit.entry}.${attemptOf(visit)}`;
}

function textOf(value: Json, field: string): string {
  if (typeof value === 'string') return value;
  throw new StateFault('States.Runtime', `${field} must lead to a string`);
}
