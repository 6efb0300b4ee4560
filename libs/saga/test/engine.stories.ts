import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '#clock';
import { Engine } from '../src/engine.js';
import type { EngineParts, Execution, Journal, TaskAnswer, TaskCall, TaskCaller } from '../src/index.js';
import { machines } from './machines.js';

const DEADLINE_MS = 20_000;
const within = () => ({ deadline: Date.now() + DEADLINE_MS });
const DAY_MS = 86_400_000;

/** What every engine does over every journal. */
export function engineStories(openJournal: () => Promise<Journal>): void {
  const engines: Engine[] = [];
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });

  /** An engine over a journal, and what its Tasks were asked. */
  async function engineOn(journal: Journal, call: TaskCaller, owner = 'one', more: Partial<EngineParts> = {}) {
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const newId = () => randomUUID();
    const executionRetentionMs = DAY_MS;
    const parts = { journal, stateMachines: machines, call, clock: systemClock, owner, newId, logger, executionRetentionMs };
    const engine = new Engine({ ...parts, ...more });
    engines.push(engine);
    await engine.run();
    return engine;
  }

  const request = (stateMachine: string, key: string = randomUUID()) => ({
    stateMachine,
    input: { answer: 42 },
    request: { from: 'a test' },
    idempotencyKey: { caller: 'shop', key, fingerprint: 'print', expiresAt: Date.now() + DAY_MS },
  });

  const runToEnd = async (engine: Engine, stateMachine: string): Promise<Execution> => {
    const { execution } = await engine.start(request(stateMachine), within());
    return engine.ended(execution.id, within());
  };

  /** The clock of a process that can be made to stand still. */
  const stoppedClock = () => {
    let isStopped = false;
    return {
      now: systemClock.now,
      after: (delayMs: number, call: () => void) => systemClock.after(delayMs, () => void (isStopped || call())),
      stop: () => {
        isStopped = true;
      },
    };
  };

  const namesOf = (calls: readonly TaskCall[]) => calls.map(({ resource }) => resource.split(':').at(-1));

  test('an execution goes through its states and keeps its input, output and history', async () => {
    const calls: TaskCall[] = [];
    const journal = await openJournal();
    const engine = await engineOn(journal, async (task) => {
      calls.push(task);
      return { output: { done: task.state } };
    });
    const execution = await runToEnd(engine, 'two-steps');
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { done: 'Second' }, dueAt: null, commands: [], events: 10 });
    expect(namesOf(calls)).toEqual(['first', 'second']);
    expect(calls[0]).toMatchObject({ executionId: execution.id, state: 'First', attempt: 1, input: { answer: 42 } });
    const history = await journal.history({ id: execution.id, from: 0, limit: 100 }, within());
    expect(history.map(({ type }) => type)).toEqual(
      [
        'ExecutionStarted',
        'TaskStateEntered',
        'TaskScheduled',
        'TaskSucceeded',
        'TaskStateExited',
        'TaskStateEntered',
        'TaskScheduled',
        'TaskSucceeded',
        'TaskStateExited',
        'ExecutionSucceeded',
      ].slice(0, history.length),
    );
    expect(history).toHaveLength(execution.events);
    expect(await journal.read(execution.id, within())).toEqual(execution);
  });

  test('twenty requests with one key are one execution', async () => {
    let calls = 0;
    const engine = await engineOn(await openJournal(), async () => {
      calls += 1;
      return { output: {} };
    });
    const started = await Promise.all(Array.from({ length: 20 }, () => engine.start(request('two-steps', 'same'), within())));
    expect(new Set(started.map(({ execution }) => execution.id)).size).toBe(1);
    expect(started.filter(({ begun }) => begun)).toHaveLength(1);
    await engine.ended(started[0]?.execution.id ?? '', within());
    expect(calls).toBe(2);
  });

  test('when a process falls silent, another one finishes what it had begun', async () => {
    const journal = await openJournal();
    const clock = stoppedClock();
    const silent = await engineOn(journal, () => new Promise(() => undefined), 'one', { clock });
    const { execution } = await silent.start(request('short-call'), within());
    clock.stop();
    const other = await engineOn(journal, async () => ({ output: 'by the other' }), 'two');
    const ended = await other.ended(execution.id, within());
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: 'by the other', owner: 'two' });
  });

  test('a process that is started again under its name goes on at once', async () => {
    const journal = await openJournal();
    const silent = await engineOn(journal, () => new Promise(() => undefined), 'one');
    const { execution } = await silent.start(request('two-steps'), within());
    const again = await engineOn(journal, async () => ({ output: 'again' }), 'one');
    // The call may take a minute, and so would its lease.
    expect(await again.ended(execution.id, within())).toMatchObject({ status: 'SUCCEEDED', output: 'again' });
  });

  test('a Wait survives a restart', async () => {
    const journal = await openJournal();
    const before = await engineOn(journal, async () => ({ output: {} }), 'one');
    const { execution } = await before.start(request('waits'), within());
    const after = await engineOn(journal, async () => ({ output: {} }), 'two');
    const ended = await after.ended(execution.id, within());
    expect(ended.status).toBe('SUCCEEDED');
    expect((ended.endedAt ?? 0) - ended.startedAt).toBeGreaterThanOrEqual(1_000);
  });

  test('what a service wants to be told again is kept and told', async () => {
    const memos: unknown[] = [];
    const engine = await engineOn(await openJournal(), async ({ memo }): Promise<TaskAnswer> => {
      memos.push(memo);
      return memos.length === 1 ? { repeat: { generation: 3 } } : { output: {} };
    });
    expect((await runToEnd(engine, 'two-steps')).status).toBe('SUCCEEDED');
    expect(memos).toEqual([{}, { generation: 3 }, {}]);
  });

  test('a stop undoes what was done, and a last write is not interrupted', async () => {
    const calls: TaskCall[] = [];
    const hang = Promise.withResolvers<TaskAnswer>();
    const engine = await engineOn(await openJournal(), async (task) => {
      calls.push(task);
      return task.state === 'Book' || task.state === 'LastWrite' ? hang.promise : { output: {} };
    });
    const undone = await engine.start(request('booking'), within());
    await engine.stop(undone.execution.id, within());
    const aborted = await engine.ended(undone.execution.id, within());
    expect(aborted).toMatchObject({ status: 'ABORTED', error: 'Stopped' });
    expect(namesOf(calls)).toEqual(['places-hold', 'places-undo']);

    const forward = await engine.start(request('last-write'), within());
    await engine.stop(forward.execution.id, within());
    hang.resolve({ output: 'written' });
    expect(await engine.ended(forward.execution.id, within())).toMatchObject({ status: 'SUCCEEDED', output: 'written' });
  });

  test('a call without an answer is a States.Timeout, and its answer comes too late', async () => {
    const late = Promise.withResolvers<TaskAnswer>();
    const engine = await engineOn(await openJournal(), () => late.promise);
    const execution = await runToEnd(engine, 'short-call-once');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    late.resolve({ output: 'late' });
    await pause(50);
    expect(await engine.ended(execution.id, within())).toEqual(execution);
  });

  test('attempts beyond the tenth are one line of the history, which counts them', async () => {
    let tries = 0;
    const journal = await openJournal();
    const engine = await engineOn(journal, async (): Promise<TaskAnswer> => {
      tries += 1;
      return tries <= 12 ? { error: 'Unavailable', cause: `try ${tries}` } : { output: {} };
    });
    const { execution } = await engine.start(request('retried'), within());
    const ended = await engine.ended(execution.id, { deadline: Date.now() + 25_000 });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', failingSince: null });
    const history = await journal.history({ id: ended.id, from: 0, limit: 100 }, within());
    const failed = history.filter(({ type }) => type === 'TaskFailed');
    expect(failed).toHaveLength(11);
    expect(failed.at(-1)).toMatchObject({ count: 2, cause: 'try 12' });
  }, 40_000);

  test('a machine that goes round and round is undone when its history is full', async () => {
    const engine = await engineOn(await openJournal(), async () => ({ output: {} }));
    const { execution } = await engine.start(request('round-and-round'), within());
    const ended = await engine.ended(execution.id, { deadline: Date.now() + 60_000 });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'HistoryLimitExceeded' });
    expect(ended.events).toBeGreaterThanOrEqual(5_000);
    expect(ended.events).toBeLessThan(5_100);
  }, 90_000);

  test('executions that ended long ago are removed', async () => {
    const journal = await openJournal();
    const engine = await engineOn(journal, async () => ({ output: {} }), 'one');
    const { id } = await runToEnd(engine, 'two-steps');
    await engineOn(journal, async () => ({ output: {} }), 'two', { executionRetentionMs: -1_000 });
    await expect(
      (async () => {
        for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await pause(20))
          if (!(await journal.read(id, within()))) return 'removed';
        return 'still there';
      })(),
    ).resolves.toBe('removed');
  });

  test('an unknown state machine and an unknown execution are told', async () => {
    const engine = await engineOn(await openJournal(), async () => ({ output: {} }));
    await expect(engine.start(request('no-such-machine'), within())).rejects.toMatchObject({ code: 'NotFound' });
    await expect(engine.ended(randomUUID(), within())).rejects.toMatchObject({ code: 'NotFound' });
    expect(await engine.stop(randomUUID(), within())).toBeUndefined();
  });
}
