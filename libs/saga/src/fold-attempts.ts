import type { Command, HistoryEvent } from './asl/step.js';
import type { Execution, Transition } from './journal.js';

/** Attempts of one Task that have lines of their own in the history. */
const ATTEMPTS_TOLD = 10;

/**
 * The lines of a step, where a Task that is tried again and again has only one for all attempts beyond the tenth: it
 * counts them, and shows how the last one failed.
 */
export function foldAttempts(
  { folds, events: written }: Pick<Execution, 'folds' | 'events'>,
  command: Command,
  events: HistoryEvent[],
): { append: HistoryEvent[]; rewrite?: Transition['rewrite']; folds: Execution['folds'] } {
  const [failed] = events;
  const isRetried = command.type === 'task' && events.length === 2 && events[1]?.type === 'TaskScheduled';
  if (!isRetried || !failed || command.attempt <= ATTEMPTS_TOLD) return { append: events, folds };
  const count = command.attempt - ATTEMPTS_TOLD;
  const event = { ...failed, count };
  const index = folds[command.state];
  if (count > 1 && index !== undefined) return { append: [], rewrite: { index, event }, folds };
  return { append: [event], folds: { ...folds, [command.state]: written } };
}
