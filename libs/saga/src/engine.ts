import { type Clock, sleep } from '#clock';
import { Fault } from '#problem';
import type { Definition } from './asl/definition.js';
import { start } from './asl/interpret.js';
import type { Json } from './asl/json.js';
import type { HistoryEvent } from './asl/step.js';
import { Definitions } from './definitions.js';
import { boundedEvent } from './history.js';
import type { Execution, IdempotencyKey, Journal, Within } from './journal.js';
import { endOf, leaseUntil, RunningExecution } from './running-execution.js';
import type { TaskCaller } from './task.js';

/** The part of a pino logger that is used here. */
interface EngineLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Told of what an engine does, to count it. */
export interface EngineObserver {
  begun(execution: Execution): void;
  ended(execution: Execution): void;
}

export interface EngineParts {
  journal: Journal;
  /** By name; each as its JSON file says. */
  stateMachines: ReadonlyMap<string, Json>;
  call: TaskCaller;
  clock: Clock;
  /** Under which executions are leased. A process that is started again under the same name goes on with its own at once. */
  owner: string;
  /** A new UUIDv7. */
  newId(): string;
  logger: EngineLogger;
  /** How long executions that have ended are kept. */
  executionRetentionMs: number;
  observer?: EngineObserver;
}

export interface StartRequest {
  stateMachine: string;
  input: Json;
  /** What is kept of the request that asks for it. */
  request: Json;
  idempotencyKey: IdempotencyKey;
}

/** How often executions are looked for that nobody works on: what a timer may be late by. */
const CLAIM_INTERVAL_MS = 250;
/** Executions taken up at a time. */
const CLAIM_LIMIT = 100;
/** Executions that one process works on at once; each holds a few kilobytes. */
const MAX_RUNNING = 2_000;
/** How often an execution that another process works on is looked at, for one who waits for its end. */
const LOOK_INTERVAL_MS = 100;
/** What a call of the journal may take that no client waits for. */
const JOURNAL_TIMEOUT_MS = 5_000;
/** How often ended executions are removed, and how many at a time. */
const REMOVE_INTERVAL_MS = 60_000;
const REMOVE_LIMIT = 500;
/** Between two steps of that, so that writes go on. */
const REMOVE_PAUSE_MS = 20;
/** How long a close waits for writes under way. */
const CLOSE_TIMEOUT_MS = 5_000;
/** What a claim's lease lasts: until the first write. */
const CLAIM_LEASE_MS = 5_000;
/** What fails is tried again, at the latest after this. */
const MAX_PAUSE_MS = 5_000;
/** Before an execution that may or may not have begun is begun again. */
const BEGIN_PAUSE_MS = 100;

/**
 * Runs state machines over a journal. Any number of engines may share one journal: what keeps them apart is the
 * condition of every write. One that is killed leaves nothing behind but leases that run out.
 */
export class Engine {
  readonly journal: Journal;
  readonly #parts: EngineParts;
  readonly #definitions: Definitions;
  readonly #running = new Map<string, RunningExecution>();
  readonly #timers = new Map<string, () => void>();
  #isClosed = false;

  /** @throws DefinitionFault for a state machine that is none */
  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.journal = parts.journal;
    this.#definitions = new Definitions(parts.journal, parts.stateMachines);
  }

  /**
   * Takes up what is due and removes what is old, until `close`. What a process of the same name left is taken up when
   * this resolves: before that nothing should be started.
   */
  async run(): Promise<void> {
    const { clock, logger } = this.#parts;
    for (let pauseMs = CLAIM_INTERVAL_MS; !this.#isClosed; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        await this.#takeUpOwn();
        break;
      } catch (error) {
        logger.warn({ err: error }, 'the engine cannot take up what it left; trying again');
      }
      await sleep(clock, pauseMs);
    }
    this.#repeat('take up executions', CLAIM_INTERVAL_MS, () => this.#takeUpDue());
    this.#repeat('remove old executions', REMOVE_INTERVAL_MS, () => this.#removeEnded());
  }

  /**
   * Begins an execution; it is in the journal when this returns. A caller that used its key before gets the execution of
   * then, whatever it asks for now.
   * @throws Fault Overloaded, or a retryable one that leaves open whether it began
   */
  async start(request: StartRequest, { deadline }: Within): Promise<{ execution: Execution; begun: boolean }> {
    if (this.#running.size >= MAX_RUNNING) throw new Fault('Overloaded', 'too many executions are under way');
    const { hash, definition } = await this.#definitions.current(request.stateMachine, { deadline });
    const { execution, events } = this.#newExecution(request, hash, definition);
    const kept = await this.#begin(execution, events, deadline);
    const begun = kept.id === execution.id;
    if (begun) {
      this.#parts.observer?.begun(kept);
      this.#takeUp(kept, definition);
    }
    return { execution: kept, begun };
  }

  /** The execution when it has ended, or as it is at the deadline. @throws Fault NotFound */
  async ended(id: string, { deadline }: Within): Promise<Execution> {
    const { clock } = this.#parts;
    for (;;) {
      const seen = await this.#running.get(id)?.ended(deadline);
      const isLast = seen && (seen.status !== 'RUNNING' || clock.now() >= deadline);
      const execution = isLast ? seen : await this.journal.read(id, { deadline: clock.now() + JOURNAL_TIMEOUT_MS });
      if (!execution) throw new Fault('NotFound', `there is no execution ${id}`);
      if (execution.status !== 'RUNNING' || clock.now() >= deadline) return execution;
      if (!this.#running.has(id)) await sleep(clock, Math.min(LOOK_INTERVAL_MS, deadline - clock.now()));
    }
  }

  /**
   * Asks an execution to stop. It is taken over from whoever works on it, and undone unless it is too far for that.
   * @returns it, as it is then; undefined when there is none
   */
  async stop(id: string, within: Within): Promise<Execution | undefined> {
    const { clock, owner, newId } = this.#parts;
    for (;;) {
      const found = await this.journal.read(id, within);
      if (found?.status !== 'RUNNING' || found.stopRequested) return found;
      const { definition } = await this.#definitions.ofHash(found.definitionHash, within);
      // Should this process end before it has interrupted it, another one does so soon, whatever it waits for.
      const dueAt = clock.now() + CLAIM_LEASE_MS;
      const execution = { ...found, owner, dueAt, stopRequested: true, revision: found.revision + 1, writer: newId() };
      if (!(await this.journal.write({ execution, append: [] }, within))) continue;
      this.#takeUp(execution, definition);
      return execution;
    }
  }

  /** Begins nothing new, lets writes under way finish, and leaves the rest to the journal. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const forget of this.#timers.values()) forget();
    const dropped = Promise.all([...this.#running.values()].map((running) => running.drop()));
    await new Promise<void>((resolve) => {
      const forget = this.#parts.clock.after(CLOSE_TIMEOUT_MS, resolve);
      void dropped.then(forget).then(resolve);
    });
    await this.journal.close();
  }

  #newExecution(request: StartRequest, definitionHash: string, definition: Definition) {
    const { clock, owner, newId } = this.#parts;
    const at = clock.now();
    const id = newId();
    const { stateMachine, input, idempotencyKey } = request;
    const { cursor, commands, events, end } = start(definition, { executionId: id, stateMachine, input, at });
    const execution: Execution = {
      id,
      stateMachine,
      definitionHash,
      idempotencyKey,
      request: request.request,
      status: 'RUNNING',
      cursor,
      commands,
      memos: {},
      folds: {},
      stopRequested: false,
      owner,
      dueAt: leaseUntil(commands, at),
      failingSince: null,
      events: events.length,
      revision: 1,
      writer: id,
      startedAt: at,
      endedAt: null,
      ...(end && endOf(end, { stopRequested: false }, at)),
    };
    return { execution, events: events.map(boundedEvent) };
  }

  /** To begin is safe to repeat: an execution that was begun without our knowing is found by its key. */
  async #begin(execution: Execution, events: readonly HistoryEvent[], deadline: number): Promise<Execution> {
    const { clock } = this.#parts;
    for (;;) {
      try {
        return (await this.journal.begin(execution, events, { deadline })).execution;
      } catch (error) {
        if (!isRetryable(error) || clock.now() + BEGIN_PAUSE_MS >= deadline) throw error;
      }
      await sleep(clock, BEGIN_PAUSE_MS);
    }
  }

  #takeUp(execution: Execution, definition: Definition): void {
    const before = this.#running.get(execution.id);
    if (before && before.execution.revision >= execution.revision) return;
    void before?.drop();
    const running = new RunningExecution(execution, definition, {
      ...this.#parts,
      onGone: (gone) => {
        if (this.#running.get(gone.id) === gone) this.#running.delete(gone.id);
        if (gone.execution.status !== 'RUNNING') this.#parts.observer?.ended(gone.execution);
      },
    });
    this.#running.set(execution.id, running);
    running.go();
  }

  async #takeUpDue(): Promise<void> {
    const limit = Math.min(CLAIM_LIMIT, MAX_RUNNING - this.#running.size);
    if (limit > 0) await this.#takeUpAll(await this.#claim({ own: false, limit, writer: this.#parts.newId() }));
  }

  /** All of them before any is worked on: what is written then is told from what the process before left by its tag. */
  async #takeUpOwn(): Promise<void> {
    const writer = this.#parts.newId();
    const own: Execution[] = [];
    for (let found = CLAIM_LIMIT; found === CLAIM_LIMIT && own.length < MAX_RUNNING; ) {
      const some = await this.#claim({ own: true, limit: CLAIM_LIMIT, writer });
      found = some.length;
      own.push(...some);
    }
    await this.#takeUpAll(own);
  }

  #claim(request: { own: boolean; limit: number; writer: string }): Promise<Execution[]> {
    const { clock, owner } = this.#parts;
    const now = clock.now();
    return this.journal.claim(
      { ...request, owner, now, leaseUntil: now + CLAIM_LEASE_MS },
      { deadline: now + JOURNAL_TIMEOUT_MS },
    );
  }

  async #takeUpAll(executions: readonly Execution[]): Promise<void> {
    const { clock, logger } = this.#parts;
    for (const execution of executions) {
      try {
        const within = { deadline: clock.now() + JOURNAL_TIMEOUT_MS };
        const { definition } = await this.#definitions.ofHash(execution.definitionHash, within);
        if (!this.#isClosed) this.#takeUp(execution, definition);
      } catch (error) {
        // The others must not wait for it; it is due again when the lease of the claim has run out.
        logger.error({ err: error, execution: execution.id }, 'an execution cannot be taken up');
      }
    }
  }

  async #removeEnded(): Promise<void> {
    const { clock, executionRetentionMs } = this.#parts;
    for (let removed = REMOVE_LIMIT; removed === REMOVE_LIMIT && !this.#isClosed; ) {
      const now = clock.now();
      const request = { before: now - executionRetentionMs, limit: REMOVE_LIMIT };
      removed = await this.journal.removeEnded(request, { deadline: now + JOURNAL_TIMEOUT_MS });
      await sleep(clock, REMOVE_PAUSE_MS);
    }
  }

  /** Does something again and again, with a pause that grows while it fails. */
  #repeat(what: string, intervalMs: number, work: () => Promise<void>): void {
    const { clock, logger } = this.#parts;
    const once = async (pauseMs: number): Promise<void> => {
      let nextPauseMs = intervalMs;
      try {
        await work();
      } catch (error) {
        nextPauseMs = Math.max(intervalMs, Math.min(2 * pauseMs, MAX_PAUSE_MS));
        if (!this.#isClosed) logger.warn({ err: error }, `the engine cannot ${what}; trying again`);
      }
      if (!this.#isClosed)
        this.#timers.set(
          what,
          clock.after(nextPauseMs, () => void once(nextPauseMs)),
        );
    };
    void once(intervalMs);
  }
}

const isRetryable = (error: unknown): boolean => error instanceof Fault && error.retryable;
