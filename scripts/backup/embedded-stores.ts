import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { type Config, type ServiceName, serviceNames } from '#config';
import { numberOf, textOf } from '#database';
import { BackupFault } from './backup-fault.js';

export type StoreName = ServiceName | 'orchestrator';

/** A process that uses a file holds its lock for moments only. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * All stores, concerts first: what is written while they are backed up by an import, which makes a concert last, refers to
 * nothing that is missing.
 */
export const storeNames: readonly StoreName[] = [...serviceNames.toReversed(), 'orchestrator'];

/** Where a store is that is in MongoDB by this configuration. */
export const mongoUrlOf = ({ mongoUrls, orchestrator }: Config, store: StoreName): string | undefined =>
  store === 'orchestrator' ? orchestrator.mongoUrl : mongoUrls[store];

/** The stores that are SQLite files by this configuration. */
export const embeddedStores = (config: Config): StoreName[] =>
  storeNames.filter((store) => mongoUrlOf(config, store) === undefined);

export const fileOf = (name: StoreName): string => `${name}.sqlite`;

export const pathOf = (folder: string, name: StoreName): string => join(folder, fileOf(name));

/** What is beside a file while it is written to. */
export const FILE_SUFFIXES = ['', '-wal', '-shm'];

/** @throws BackupFault */
export function openFile(path: string, { readOnly }: { readOnly: boolean }): DatabaseSync {
  return orFault(path, () => new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS }));
}

/** @throws BackupFault naming the file, instead of an error of SQLite */
export function orFault<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BackupFault) throw error;
    throw new BackupFault(`the store ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface FileIdentity {
  storeId: string;
  schemaVersion: number;
}

/** What a file says of itself. */
export const identityOf = (db: DatabaseSync): FileIdentity => ({
  storeId: textOf(firstOf(db, 'select store_id from store')),
  schemaVersion: numberOf(firstOf(db, 'pragma user_version')),
});

/**
 * Makes it another store for who reads its changes; leaves one file, which needs none beside it.
 * @returns its new id
 * @throws BackupFault
 */
export function setStoreId(path: string): string {
  const db = openFile(path, { readOnly: false });
  try {
    return orFault(path, () => {
      db.exec('pragma journal_mode = delete');
      const storeId = randomUUID();
      db.prepare('update store set store_id = ?').run(storeId);
      return storeId;
    });
  } finally {
    db.close();
  }
}

/** The one value that a statement answers. */
export function firstOf(db: DatabaseSync, sql: string): SQLOutputValue | undefined {
  return Object.values(db.prepare(sql).get() ?? {})[0];
}
