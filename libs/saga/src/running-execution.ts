import { type Clock, sleep } from '#clock';
import { Fault } from '#problem';
import type { Definition } from './asl/definition.js';
import { advance } from './asl/interpret.js';
import type { Json } from './asl/json.js';
import type { Command, End, HistoryEvent, Outcome, TaskCommand } from './asl/step.js';
import { boundedEvent, foldAttempts } from './history.js';
import type { Execution, Journal, Transition } from './journal.js';
import type { TaskAnswer, TaskCaller } from './task.js';

/** What a lease lasts beyond what its owner waits for: the way of the answer and the write that follows it. */
const LEASE_MARGIN_MS = 2_000;
/** Who has nothing to do for longer than this is not kept in memory; the journal says when it is due. */
const MEMORY_HORIZON_MS = 30_000;
/** No call is waited for longer, whatever its TimeoutSeconds: its lease would hold others off for as long. */
const MAX_CALL_MS = 300_000;
/** What one write of the journal may take. */
const WRITE_TIMEOUT_MS = 5_000;
/** Pauses between the tries of a write. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
/**
 * What runs side by side comes back at about the same time, as a rule, and one write for all of it costs as much as one for
 * the first. So the first waits for the others, but not for long.
 */
const GATHER_MS = 20;
/** How often one attempt of a Task may be called again: five times what the largest cascade needs. */
const MAX_REPEATS = 1_000;
/** Lines of a history; an execution that comes so far is undone, and that may take some lines more. */
const MAX_EVENTS = 5_000;
const MAX_EVENTS_WITH_UNDO = 6_000;

/** The owner of an execution that waits in the journal. */
const NOBODY = '';

/** The error that an execution is interrupted with when it is stopped. */
const STOPPED = 'Stopped';

export interface RunningParts {
  journal: Journal;
  call: TaskCaller;
  clock: Clock;
  owner: string;
  newId(): string;
  logger: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** It has ended, or is another's from now on. */
  onGone(running: RunningExecution): void;
}

/** What a service wants to be told again. */
interface Repetition {
  command: string;
  at: number;
  type: 'repeat';
  memo: { [name: string]: Json };
}

/** What came back for a command: how it ended, or that it is to be called again. */
type Arrival = Outcome | Repetition;

/**
 * One execution while this process works on it: what comes back from its commands becomes one conditional write, and only
 * what is written is acted upon.
 */
export class RunningExecution {
  readonly #definition: Definition;
  readonly #parts: RunningParts;
  #execution: Execution;
  /** The commands that are waited for, or whose arrival is not written yet, with what takes back their timers. */
  readonly #awaited = new Map<string, () => void>();
  readonly #arrived: Arrival[] = [];
  #flushing: Promise<void> | undefined;
  /** While the first of several arrivals waits for the others: ends that. */
  #endGathering: (() => void) | undefined;
  #isGone = false;
  readonly #onEnd = new Set<() => void>();

  constructor(execution: Execution, definition: Definition, parts: RunningParts) {
    this.#execution = execution;
    this.#definition = definition;
    this.#parts = parts;
  }

  get id(): string {
    return this.#execution.id;
  }

  /** As it is stored, as far as is known here. */
  get execution(): Execution {
    return this.#execution;
  }

  /** Performs what is to be done. */
  go(): void {
    const { clock } = this.#parts;
    if (this.#execution.status !== 'RUNNING' || this.#sleepsInJournal()) {
      this.#leave();
      return;
    }
    if (!this.#isLeaseRight()) this.#flushSoon();
    const interruption = interruptionOf(this.#execution);
    for (const command of this.#execution.commands) {
      if (this.#awaited.has(command.id)) continue;
      if (interruption && command.interruptible) this.#arrive({ command: command.id, at: clock.now(), ...interruption });
      else this.#await(command);
    }
  }

  /**
   * The lease of a claim ends soon: who calls for longer than that must say so. And who waits for long gives it back, so
   * that the time at which it is due stands there again.
   */
  #isLeaseRight(): boolean {
    const now = this.#parts.clock.now();
    const { commands, dueAt } = this.#execution;
    return !canSleep(this.#execution, now) && leaseUntil(commands, now) - LEASE_MARGIN_MS <= (dueAt ?? 0);
  }

  #sleepsInJournal(): boolean {
    return canSleep(this.#execution, this.#parts.clock.now()) && this.#execution.owner === NOBODY;
  }

  /** The execution when it has ended, or as it is at the deadline or when it is another process's. */
  ended(deadline: number): Promise<Execution> {
    if (this.#isGone) return Promise.resolve(this.#execution);
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const tell = () => {
        forget();
        this.#onEnd.delete(tell);
        resolve(this.#execution);
      };
      const forget = clock.after(deadline - clock.now(), tell);
      this.#onEnd.add(tell);
    });
  }

  /** Leaves the execution to whoever takes it up. Resolves when no write is under way any more. */
  async drop(): Promise<void> {
    this.#leave();
    await this.#flushing;
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const forget of this.#awaited.values()) forget();
    this.#endGathering?.();
    this.#parts.onGone(this);
    for (const tell of this.#onEnd) tell();
  }

  #await(command: Command): void {
    const { clock } = this.#parts;
    const delayMs = command.notBefore - clock.now();
    if (delayMs > 0)
      this.#awaited.set(
        command.id,
        // Not performed at once: a clock may have been set back, and a timer has a longest delay.
        clock.after(delayMs, () => this.#await(command)),
      );
    else this.#perform(command);
  }

  #perform(command: Command): void {
    const { clock } = this.#parts;
    if (command.type === 'wait') this.#arrive({ command: command.id, at: clock.now(), type: 'elapsed' });
    else void this.#call(command);
  }

  async #call(command: TaskCommand): Promise<void> {
    const { clock, call } = this.#parts;
    const timeoutMs = Math.min(command.timeoutMs, MAX_CALL_MS);
    const late = new Promise<TaskAnswer>((resolve) => {
      const cause = `no answer within ${timeoutMs} ms`;
      this.#awaited.set(
        command.id,
        clock.after(timeoutMs, () => resolve({ error: 'States.Timeout', cause })),
      );
    });
    const { resource, input, state, attempt } = command;
    const memo = this.#execution.memos[command.id]?.members ?? {};
    const deadline = clock.now() + timeoutMs;
    const answer = await Promise.race([call({ resource, input, memo, executionId: this.id, state, attempt, deadline }), late]);
    this.#arrive(arrivalOf(command.id, answer, clock.now()));
  }

  #arrive(arrival: Arrival): void {
    if (this.#isGone) return;
    this.#awaited.get(arrival.command)?.();
    this.#arrived.push(arrival);
    if (!this.#hasMoreToCome()) this.#endGathering?.();
    this.#flushSoon();
  }

  #hasMoreToCome(): boolean {
    return this.#arrived.length > 0 && this.#arrived.length < this.#awaited.size;
  }

  async #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const forget = this.#parts.clock.after(GATHER_MS, resolve);
    this.#endGathering = resolve;
    await promise;
    this.#endGathering = undefined;
    forget();
  }

  #flushSoon(): void {
    this.#flushing ??= this.#flush().catch((error: unknown) => {
      this.#parts.logger.error({ err: error, execution: this.id }, 'an execution cannot go on here');
      this.#leave();
    });
  }

  /** Writes what arrived, and goes on with what comes of it, until nothing has arrived meanwhile. */
  async #flush(): Promise<void> {
    do {
      if (this.#hasMoreToCome()) await this.#gather();
      if (this.#isGone) return;
      const transition = this.#transition();
      if (!(await this.#write(transition)) || this.#isGone) return this.#leave();
      this.#execution = transition.execution;
      this.go();
    } while (this.#arrived.length > 0 && !this.#isGone);
    this.#flushing = undefined;
  }

  /** All that has arrived as one transition; but what rewrites a line of the history is written alone. */
  #transition(): Transition {
    const { clock, newId, owner } = this.#parts;
    let execution = this.#execution;
    const append: HistoryEvent[] = [];
    let rewrite: Transition['rewrite'];
    while (this.#arrived.length > 0 && execution.status === 'RUNNING' && !rewrite) {
      const [arrival] = this.#arrived;
      const change = arrival && changeBy(this.#definition, execution, arrival);
      if (change?.rewrite && append.length > 0) break;
      this.#arrived.shift();
      if (arrival) this.#awaited.delete(arrival.command);
      if (!change) continue;
      execution = { ...change.execution, events: execution.events + change.append.length };
      rewrite = change.rewrite && { ...change.rewrite, event: boundedEvent(change.rewrite.event) };
      append.push(...change.append);
    }
    const room = Math.max(0, MAX_EVENTS_WITH_UNDO - this.#execution.events);
    const kept = append.slice(0, room).map(boundedEvent);
    const dueAt = execution.status === 'RUNNING' ? leaseUntil(execution.commands, clock.now()) : null;
    const events = this.#execution.events + kept.length;
    const revision = this.#execution.revision + 1;
    const keeper = execution.status === 'RUNNING' && canSleep(execution, clock.now()) ? NOBODY : owner;
    return {
      execution: { ...execution, owner: keeper, dueAt, events, revision, writer: newId() },
      append: kept,
      ...(rewrite && { rewrite }),
    };
  }

  /** @returns whether the transition is written */
  async #write(transition: Transition): Promise<boolean> {
    const { clock, logger } = this.#parts;
    for (let pauseMs = FIRST_PAUSE_MS, isInDoubt = false; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        const isWritten = await (isInDoubt ? this.#writeAgain(transition) : this.#writeOnce(transition));
        if (isWritten !== undefined) return isWritten;
      } catch (error) {
        if (!(error instanceof Fault && error.retryable)) throw error;
        if (!isInDoubt) logger.warn({ err: error, execution: this.id }, 'the journal does not take a write; trying again');
        isInDoubt = true;
      }
      if (this.#isGone) return false;
      await sleep(clock, pauseMs);
    }
  }

  #writeOnce(transition: Transition): Promise<boolean> {
    const { journal, clock } = this.#parts;
    return journal.write(transition, { deadline: clock.now() + WRITE_TIMEOUT_MS });
  }

  /**
   * After a write that nobody confirmed: it is known again by its tag.
   * @returns nothing when that cannot be told yet, since it may be written only now
   */
  async #writeAgain(transition: Transition): Promise<boolean | undefined> {
    const { journal, clock } = this.#parts;
    const { revision, writer } = transition.execution;
    const stored = await journal.read(this.id, { deadline: clock.now() + WRITE_TIMEOUT_MS });
    if (stored?.writer === writer) return true;
    if (stored?.revision !== revision - 1) return false;
    return (await this.#writeOnce(transition)) || undefined;
  }
}

/** When an execution with these commands to wait for may be taken up by any process: its own would have written by then. */
export const leaseUntil = (commands: readonly Command[], now: number): number =>
  Math.min(...commands.map((command) => leaseOf(command, now)));

function leaseOf(command: Command, now: number): number {
  if (command.notBefore > now + MEMORY_HORIZON_MS) return command.notBefore;
  const callMs = command.type === 'task' ? Math.min(command.timeoutMs, MAX_CALL_MS) : 0;
  return Math.max(command.notBefore, now) + callMs + LEASE_MARGIN_MS;
}

/** Whether there is nothing to do for so long that it need not be kept in memory. */
function canSleep(execution: Execution, now: number): boolean {
  const interruption = interruptionOf(execution);
  return execution.commands.every(
    ({ notBefore, interruptible }) => notBefore > now + MEMORY_HORIZON_MS && !(interruption && interruptible),
  );
}

/** How an execution is kept when it has ended. */
export function endOf(end: End, { stopRequested }: Pick<Execution, 'stopRequested'>, at: number): Partial<Execution> {
  const isAborted = stopRequested && end.status === 'FAILED' && end.error === STOPPED;
  return { ...end, status: isAborted ? 'ABORTED' : end.status, commands: [], memos: {}, endedAt: at, dueAt: null };
}

function interruptionOf({ stopRequested, events }: Execution) {
  const type = 'interrupted' as const;
  if (stopRequested) return { type, error: STOPPED, cause: 'a stop was asked for' };
  if (events >= MAX_EVENTS) return { type, error: 'HistoryLimitExceeded', cause: `its history has ${MAX_EVENTS} lines` };
  return undefined;
}

function arrivalOf(command: string, answer: TaskAnswer, at: number): Arrival {
  if ('repeat' in answer) return { command, at, type: 'repeat', memo: answer.repeat };
  if ('error' in answer) return { command, at, type: 'failed', error: answer.error, cause: answer.cause };
  return { command, at, type: 'succeeded', output: answer.output };
}

interface Change {
  execution: Execution;
  append: HistoryEvent[];
  rewrite?: Transition['rewrite'];
}

/** What an arrival makes of an execution; nothing when it comes late or twice. */
function changeBy(definition: Definition, execution: Execution, arrival: Arrival): Change | undefined {
  const command = execution.commands.find(({ id }) => id === arrival.command);
  if (!command) return undefined;
  if (arrival.type === 'repeat') return repeated(definition, execution, arrival);
  const { cursor, commands, events, end } = advance(definition, execution.cursor, arrival);
  const ids = new Set(commands.map(({ id }) => id));
  const memos = Object.fromEntries(Object.entries(execution.memos).filter(([id]) => ids.has(id)));
  const failingSince = arrival.type === 'failed' ? (execution.failingSince ?? arrival.at) : null;
  const folded = foldAttempts(execution, command, events);
  const next = { ...execution, cursor, commands, memos, failingSince, folds: folded.folds };
  const ended = end && endOf(end, execution, arrival.at);
  const isAborted = ended?.status === 'ABORTED';
  return {
    execution: { ...next, ...ended },
    append: isAborted ? folded.append.map(aborted) : folded.append,
    ...(folded.rewrite && { rewrite: folded.rewrite }),
  };
}

/** What a service wants to be told again is kept; one that never has enough has failed. */
function repeated(definition: Definition, execution: Execution, { command, at, memo }: Repetition): Change | undefined {
  const repeats = (execution.memos[command]?.repeats ?? 0) + 1;
  if (repeats > MAX_REPEATS) {
    const cause = `the service wanted to be called more than ${MAX_REPEATS} times`;
    return changeBy(definition, execution, { command, at, type: 'failed', error: 'Internal', cause });
  }
  const memos = { ...execution.memos, [command]: { repeats, members: memo } };
  return { execution: { ...execution, memos, failingSince: null }, append: [] };
}

const aborted = (event: HistoryEvent): HistoryEvent =>
  event.type === 'ExecutionFailed' ? { ...event, type: 'ExecutionAborted' } : event;
