import type { Command, HistoryEvent } from './asl/step.js';
import type { Execution, Transition } from './journal.js';

/** Bytes of a line of the history as JSON: with 6,000 of them an execution is still well below the 16 MiB of a MongoDB document. */
const MAX_EVENT_BYTES = 2_000;
/** Details of a line that is too long are kept up to this. */
const MAX_DETAIL_LENGTH = 250;

/** A line that is not too long: what made it so is left out, and it says that. */
export function boundedEvent(event: HistoryEvent): HistoryEvent {
  if (Buffer.byteLength(JSON.stringify(event)) <= MAX_EVENT_BYTES) return event;
  const short = Object.entries(event).filter(([, detail]) => JSON.stringify(detail ?? null).length <= MAX_DETAIL_LENGTH);
  return { type: event.type, at: event.at, ...Object.fromEntries(short), truncated: true };
}

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
  const [entry = ''] = command.id.split('.');
  const index = folds[entry];
  if (count > 1 && index !== undefined) return { append: [], rewrite: { index, event }, folds };
  return { append: [event], folds: { ...folds, [entry]: written } };
}
