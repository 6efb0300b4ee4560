import type { Execution } from './journal.js';

/** What a claim changes: it stands beside the text of all the rest, which then stays as it is. */
type Leased = Pick<Execution, 'owner' | 'dueAt' | 'revision' | 'writer'>;

/**
 * An execution as a database keeps it: what it is looked for by, and the rest as one JSON text. In a text no name that
 * a client chose can mean anything to the database.
 */
export interface StoredExecution extends Leased, Pick<Execution, 'status' | 'failingSince' | 'endedAt'> {
  rest: string;
}

export function toStored({ owner, dueAt, revision, writer, ...rest }: Execution): StoredExecution {
  const { status, failingSince, endedAt } = rest;
  return { owner, dueAt, revision, writer, status, failingSince, endedAt, rest: JSON.stringify(rest) };
}

export function fromStored({ owner, dueAt, revision, writer, rest }: Leased & Pick<StoredExecution, 'rest'>): Execution {
  const execution: Omit<Execution, keyof Leased> = JSON.parse(rest);
  return { ...execution, owner, dueAt, revision, writer };
}

/** Whether the key of an execution may be used for another one that starts at a time (epoch milliseconds). */
export const isKeySpent = ({ endedAt, idempotencyKey }: Execution, at: number): boolean =>
  endedAt !== null && idempotencyKey.expiresAt <= at;
