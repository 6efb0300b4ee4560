import type { StoredExecution } from './stored-execution.js';

/** What decides whether a step of an execution may be where it is. */
export type ExecutionFacts = Pick<StoredExecution, 'id' | 'status' | 'stateMachine' | 'startedAt'>;
/** Executions by their ids; those that are not in the journal are missing. */
export type Known = ReadonlyMap<string, ExecutionFacts>;

export const executionIdOf = (stepKey: string): string => stepKey.split('/', 1)[0] ?? '';

export const executionOf = (known: Known, stepKey: string): ExecutionFacts | undefined => known.get(executionIdOf(stepKey));

/** `RUNNING` and so on, or that the journal does not know it. */
export const statusOf = (execution: ExecutionFacts | undefined): string => execution?.status ?? 'unknown to the journal';

export const hasFailed = (execution: ExecutionFacts | undefined): boolean =>
  execution?.status === 'FAILED' || execution?.status === 'ABORTED';

/** `delete-band`: the verb, and what it is done to. */
export function verbAndPart(stateMachine: string): [verb: string, part: string] {
  const [verb = '', part = ''] = stateMachine.split('-');
  return [verb, part];
}

export const isDelete = (execution: ExecutionFacts): boolean => verbAndPart(execution.stateMachine)[0] === 'delete';

/** A step that is never taken back: once it is done, its execution can only succeed. */
export function isFinal(stepKey: string, { stateMachine }: ExecutionFacts): boolean {
  const about = stepKey.split('/')[1];
  const [verb, part] = verbAndPart(stateMachine);
  return about === 'cascade' || (verb !== 'create' && about === part);
}
