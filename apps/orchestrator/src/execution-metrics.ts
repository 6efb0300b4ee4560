import { Counter } from 'prom-client';
import type { Metrics } from '#metrics';
import type { EngineObserver, Journal, TaskCaller } from '#saga';

/** As /health/ready counts them: for so long nobody waits for a service that is being started again. */
const FAILING_MS = 3_600_000;

/** What is told of executions: those in the journal, and those that this process has begun and ended. */
export function executionMetrics(metrics: Metrics, journal: Journal): EngineObserver {
  let counting: ReturnType<Journal['counts']> | undefined;
  // Both gauges are read at the same moment: they are counted once.
  const counts = (within: { deadline: number }) => {
    counting ??= journal.counts({ failingBefore: Date.now() - FAILING_MS }, within).finally(() => {
      counting = undefined;
    });
    return counting;
  };
  metrics.readGauge(
    { name: 'backline_executions', help: 'Executions in the journal, counted up to 10,000 of a status.', labelNames: ['status'] },
    async (within) => Object.entries((await counts(within)).byStatus).map(([status, value]) => ({ labels: { status }, value })),
  );
  metrics.readGauge(
    { name: 'backline_executions_failing', help: 'Running executions that have come to nothing but failures for an hour.' },
    async (within) => [{ value: (await counts(within)).failing }],
  );
  const registers = [metrics.registry];
  const begun = new Counter({
    name: 'backline_executions_begun_total',
    help: 'Executions that this process began.',
    labelNames: ['state_machine'],
    registers,
  });
  const ended = new Counter({
    name: 'backline_executions_ended_total',
    help: 'Executions that this process brought to their end.',
    labelNames: ['state_machine', 'status'],
    registers,
  });
  return {
    begun: ({ stateMachine }) => begun.inc({ state_machine: stateMachine }),
    ended: ({ stateMachine, status }) => ended.inc({ state_machine: stateMachine, status }),
  };
}

/** Counts the calls of Tasks by how they end. An undo that fails shows here, as the call that it makes. */
export function countedCalls({ registry }: Metrics, call: TaskCaller): TaskCaller {
  const calls = new Counter({
    name: 'backline_task_calls_total',
    help: 'Calls of Tasks: ok, the code of the error, or repeat, when the service wants to be called again.',
    labelNames: ['resource', 'outcome'],
    registers: [registry],
  });
  return async (task) => {
    const answer = await call(task);
    const outcome = 'error' in answer ? answer.error : 'repeat' in answer ? 'repeat' : 'ok';
    calls.inc({ resource: task.resource.replace(/^.*:function:/, ''), outcome });
    return answer;
  };
}
