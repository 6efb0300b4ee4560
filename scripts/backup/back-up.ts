import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { backup, type DatabaseSync } from 'node:sqlite';
import { type Config, VERSION } from '#config';
import { numberOf } from '#database';
import { BackupFault } from './backup-fault.js';
import { embeddedStores, firstOf, identityOf, openFile, orFault, pathOf, type StoreName } from './embedded-stores.js';
import { type BackedUpFile, type Manifest, manifestOf, manifestPath, sha256Of } from './manifest.js';
import { type Progress, showProgress } from './progress.js';

/** Pages of 4 KiB that are copied at a time: 16 MB, between which the progress is shown. */
const PAGES_AT_A_TIME = 4_096;
/** What a file is called until it is whole. */
const INCOMPLETE = '.incomplete';

export interface BackupOptions {
  /** The folder; made when missing. */
  to: string;
  /** Take the place of a backup that is there. */
  replace: boolean;
}

/**
 * Copies the embedded stores as they are at one moment, while their processes run and write.
 * @throws BackupFault when it cannot: then no file of a backup that was there has changed
 */
export async function backUp(config: Config, { to, replace }: BackupOptions): Promise<Manifest> {
  const stores = storesToBackUp(config);
  if (existsSync(manifestPath(to)) && !replace)
    throw new BackupFault(`there is a backup in ${to} already; name another folder, or ask for it to be replaced`);
  await mkdir(to, { recursive: true });
  const snapshots = takeSnapshots(config.dataDir, stores);
  const progress: Progress = { step: '', bytes: 0 };
  // Each file is copied, and then read again.
  const endProgress = showProgress(2 * snapshots.reduce((sum, { bytes }) => sum + bytes, 0), progress);
  try {
    const files: BackedUpFile[] = [];
    for (const snapshot of snapshots) files.push(await copy(snapshot, pathOf(to, snapshot.store) + INCOMPLETE, progress));
    const manifest = manifestOf(VERSION, files);
    await publish(to, manifest);
    return manifest;
  } finally {
    endProgress();
    for (const { db } of snapshots) db.close();
    await Promise.all(stores.map((store) => rm(pathOf(to, store) + INCOMPLETE, { force: true })));
  }
}

function storesToBackUp(config: Config): StoreName[] {
  const stores = embeddedStores(config);
  if (stores.length === 0) throw new BackupFault('all stores are in MongoDB, which has tools of its own: see docs/backup.md');
  const missing = stores.map((store) => pathOf(config.dataDir, store)).filter((path) => !existsSync(path));
  if (missing.length > 0) throw new BackupFault(`there is no store ${missing.join(', ')}; DATA_DIR says where they are`);
  return stores;
}

/** A store as it was at one moment, which its process does not notice. */
interface Snapshot {
  store: StoreName;
  db: DatabaseSync;
  bytes: number;
}

/**
 * All of one moment: while they are taken, which is a matter of milliseconds, nobody writes the journal. So no execution
 * takes a step: what the journal says was done is in the other stores, and what is under way there is in the journal,
 * and is done again after a restore as it would be after a crash.
 */
function takeSnapshots(dataDir: string, stores: readonly StoreName[]): Snapshot[] {
  const opened = stores.map((store) => ({ store, path: pathOf(dataDir, store) }));
  const files = opened.map(({ store, path }) => ({ store, path, db: openFile(path, { readOnly: true }) }));
  const journal = files.find(({ store }) => store === 'orchestrator');
  const lock = journal && openFile(journal.path, { readOnly: false });
  try {
    if (lock) orFault(journal.path, () => lock.exec('begin immediate'));
    return files.map(({ store, path, db }) => ({ store, db, bytes: orFault(path, () => beginReading(db)) }));
  } catch (error) {
    for (const { db } of files) db.close();
    throw error;
  } finally {
    lock?.close();
  }
}

/** Until it is closed the connection sees the file as it is now. @returns its size */
function beginReading(db: DatabaseSync): number {
  db.exec('begin');
  return numberOf(firstOf(db, 'pragma page_count')) * numberOf(firstOf(db, 'pragma page_size'));
}

/** @throws BackupFault when the copy is damaged, and so is what was copied */
async function copy({ store, db, bytes }: Snapshot, path: string, progress: Progress): Promise<BackedUpFile> {
  const before = progress.bytes;
  progress.step = `copying ${store}`;
  await rm(path, { force: true });
  await backup(db, path, {
    rate: PAGES_AT_A_TIME,
    progress: ({ totalPages, remainingPages }) => {
      progress.bytes = before + Math.round(bytes * (1 - remainingPages / totalPages));
    },
  });
  progress.bytes = before + bytes;
  progress.step = `checking ${store}`;
  const identity = orFault(path, () => check(path, store));
  await sync(path);
  const sha256 = await sha256Of(path, (read) => {
    progress.bytes += read;
  });
  return { store, bytes: (await stat(path)).size, sha256, ...identity };
}

/** Makes the copy one file, which needs none beside it, and reads all of it. */
function check(path: string, store: StoreName) {
  const db = openFile(path, { readOnly: false });
  try {
    db.exec('pragma journal_mode = delete');
    const answer = firstOf(db, 'pragma integrity_check(1)');
    if (answer !== 'ok')
      throw new BackupFault(`the store of ${store} is damaged: ${String(answer).replaceAll(/\s*\n\s*/g, ' ')}`);
    return identityOf(db);
  } finally {
    db.close();
  }
}

/** The files get their names when all are whole, and the manifest comes last. */
async function publish(folder: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(folder);
  await writeFile(path + INCOMPLETE, `${JSON.stringify(manifest, null, 2)}\n`);
  await sync(path + INCOMPLETE);
  for (const { store } of manifest.files) await rename(pathOf(folder, store) + INCOMPLETE, pathOf(folder, store));
  await rename(path + INCOMPLETE, path);
  await sync(folder);
}

/** Resolves when a file, or the names in a folder, are on disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
