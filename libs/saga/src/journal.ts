import type { Json } from './asl/json.js';
import type { Command, Cursor, HistoryEvent } from './asl/step.js';

/** How long a journal may take over a call: an absolute time in epoch milliseconds. A journal that is late throws `Timeout`. */
export interface Within {
  deadline: number;
}

export const executionStatuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

/** What a request is known by when it is sent again (draft-ietf-httpapi-idempotency-key-header-07). */
export interface IdempotencyKey {
  /** The name of the caller's token. */
  caller: string;
  key: string;
  /** A hash of all that makes the request what it is. */
  fingerprint: string;
  /** From then on the key may be used for something else, once the execution has ended: epoch milliseconds. */
  expiresAt: number;
}

/** One run of a state machine, as it is kept: all that is needed to go on with it. */
export interface Execution {
  /** UUIDv7: later ones sort after earlier ones. */
  id: string;
  stateMachine: string;
  /** Which definition it runs to its end, whatever the file says by then. */
  definitionHash: string;
  idempotencyKey: IdempotencyKey;
  /** What asked for it, for whoever reads the journal, and to word the answer by. */
  request: Json;
  status: ExecutionStatus;
  cursor: Cursor;
  /** What is to be done or waited for now. */
  commands: Command[];
  /** By the id of a command: what its service wants to be told again beside its input, and how often it asked for that. */
  memos: { [command: string]: { repeats: number; members: { [name: string]: Json } } };
  /** The line of the history that counts further attempts, by the entry of a state: what comes before the dot in its commands' ids. */
  folds: { [entry: string]: number };
  /** A stop was asked for: the next command that can be interrupted is. */
  stopRequested: boolean;
  /** The orchestrator that works on it. */
  owner: string;
  /** From then on any orchestrator may take it up (epoch milliseconds); null when it has ended. */
  dueAt: number | null;
  /** Since when nothing but failures came back (epoch milliseconds); null when the last answer was none. */
  failingSince: number | null;
  /** Lines of its history. */
  events: number;
  /** Raised by one by every write. */
  revision: number;
  /** A tag of the write that made this revision. */
  writer: string;
  startedAt: number;
  endedAt: number | null;
  /** When it has ended. */
  output?: Json;
  error?: string;
  cause?: string;
}

/** A write that takes an execution from one revision to the next. */
export interface Transition {
  /** As it shall be; its `revision` is one above that which must be stored. */
  execution: Execution;
  /** Lines to be added to the history. */
  append: readonly HistoryEvent[];
  /** A line that takes the place of the one with this index (from 0). Only when nothing is appended. */
  rewrite?: { index: number; event: HistoryEvent };
}

export interface ExecutionPage {
  status?: ExecutionStatus;
  /** Only those before this one. */
  after?: string;
  limit: number;
}

export interface ClaimRequest {
  owner: string;
  /** What is due until then, the moment included: epoch milliseconds, like `leaseUntil`. */
  now: number;
  leaseUntil: number;
  limit: number;
  /**
   * Also all that are this owner's already, when due or not: those of a process of the same name that has ended. What was
   * written with this `writer` is left out, so that a claim can be repeated with the same one until it finds nothing.
   */
  own: boolean;
  writer: string;
}

/** To know how many there are, they are counted one by one: no further than this, which an index gives in a few ms. */
export const COUNTED_AT_MOST = 10_000;

export interface ExecutionCounts {
  byStatus: Record<ExecutionStatus, number>;
  failing: number;
}

/**
 * Where executions are kept. What a call says was written is on disk when it returns. Faults: `Unavailable` and
 * `Timeout` leave open whether a write took place.
 */
export interface Journal {
  saveDefinition(definition: { hash: string; source: Json }, within: Within): Promise<void>;
  definition(hash: string, within: Within): Promise<Json | undefined>;
  /**
   * Keeps a new execution, unless its caller has used its key for another one: then that one is answered, and nothing
   * written. A key that has expired when the new one starts, and whose execution has ended, goes over to it.
   */
  begin(execution: Execution, events: readonly HistoryEvent[], within: Within): Promise<{ execution: Execution; begun: boolean }>;
  /** Writes if the revision before is stored. @returns whether it was */
  write(transition: Transition, within: Within): Promise<boolean>;
  /**
   * Running executions that are due, the longest due first, made this owner's until `leaseUntil`; one that another
   * orchestrator takes at the same moment is left out.
   */
  claim(request: ClaimRequest, within: Within): Promise<Execution[]>;
  read(id: string, within: Within): Promise<Execution | undefined>;
  /** The lines from an index on, in order. */
  history(request: { id: string; from: number; limit: number }, within: Within): Promise<HistoryEvent[]>;
  /** Latest first. */
  list(page: ExecutionPage, within: Within): Promise<Execution[]>;
  /**
   * How many there are of each status, and how many run and have been failing since before `failingBefore`. Each is
   * counted up to COUNTED_AT_MOST.
   */
  counts(request: { failingBefore: number }, within: Within): Promise<ExecutionCounts>;
  /** Removes some executions that ended before, with their history. @returns how many */
  removeEnded(request: { before: number; limit: number }, within: Within): Promise<number>;
  ping(within: Within): Promise<void>;
  /** Twice is harmless. */
  close(): Promise<void>;
}
