import type { ServiceName } from '#config';
import type { Form } from './layouts.js';
import type { RawEntity } from './stored-entity.js';
import type { RawExecution } from './stored-execution.js';

/** A store cannot be looked at: it is not there, or nobody lets us in. Its message is one line. */
export class CannotAudit extends Error {
  override readonly name = 'CannotAudit';
}

/** What is wrong with a row that shows in no single row, or with a store as a whole, where no id is told. */
export interface StoreFault {
  sort: 'doubled' | 'torn';
  id?: number | string;
  what: string;
}

/** The store of one kind of entity. It is read while its service writes to it: nothing is written, and nothing held up. */
export interface EntityStore {
  readonly form: Form;
  /** All of them, some at a time. */
  pages(): AsyncIterable<RawEntity[]>;
  byIds(ids: readonly number[]): Promise<RawEntity[]>;
  faults(): Promise<StoreFault[]>;
}

/** The journal of the orchestrator. */
export interface ExecutionStore {
  /** All executions, some at a time. */
  pages(): AsyncIterable<RawExecution[]>;
  byIds(ids: readonly string[]): Promise<RawExecution[]>;
  /** The one that has a key now. */
  holderOf(key: { caller: string; key: string }): Promise<RawExecution | undefined>;
  /** Of some definitions those that are there. */
  definitions(hashes: readonly string[]): Promise<string[]>;
  faults(): Promise<StoreFault[]>;
}

export interface Stores {
  entities: Record<ServiceName, EntityStore>;
  executions: ExecutionStore;
  close(): Promise<void>;
}

/** Entities that are looked at together. */
export const ENTITY_PAGE_SIZE = 1_000;
/** Executions have texts of some kilobytes. */
export const EXECUTION_PAGE_SIZE = 200;
