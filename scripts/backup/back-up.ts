import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { type Config, VERSION } from '#config';
import { numberOf } from '#database';
import { BackupFault } from './backup-fault.js';
import {
  embeddedStores,
  fileOf,
  firstOf,
  identityOf,
  openFile,
  orFault,
  pathOf,
  type StoreName,
  storeNames,
} from './embedded-stores.js';
import { type BackedUpFile, MANIFEST_FILE, type Manifest, manifestOf, manifestPath, sha256Of } from './manifest.js';
import { type Copying, showCopying } from './progress.js';

/** Pages of 4 KiB that are copied at a time: 16 MB, between which the progress is shown. */
const PAGES_AT_A_TIME = 4_096;
/** What is left to the services where a backup lies on their disk: they write on meanwhile. */
const FREE_BYTES_LEFT = 64 * 1_024 * 1_024;

export interface BackupOptions {
  /** The folder, which the backup becomes: missing, empty, or another backup. */
  to: string;
  /** Take the place of a backup that is there. */
  replace: boolean;
}

/** Beside the folder of a backup, and of this run alone. */
interface Places {
  target: string;
  /** Where the backup is made. */
  incomplete: string;
  /** Where the one is that was there, until this one has its place. */
  replaced: string;
}

/**
 * Copies the embedded stores as they are at one moment, while their processes run and write.
 * @throws BackupFault when it cannot: then a backup that was there is there still
 */
export async function backUp(config: Config, { to, replace }: BackupOptions): Promise<Manifest> {
  const stores = storesToBackUp(config);
  const target = existsSync(to) ? await realpath(to) : resolve(to);
  await assertMayBecomeBackup(target, { dataDir: config.dataDir, replace });
  const run = randomUUID();
  const places = { target, incomplete: `${target}.incomplete-${run}`, replaced: `${target}.replaced-${run}` };
  await mkdir(dirname(target), { recursive: true });
  await mkdir(places.incomplete);
  try {
    const manifest = await writeBackup(config.dataDir, stores, places.incomplete);
    await publish(places, { replace });
    return manifest;
  } finally {
    await rm(places.incomplete, { recursive: true, force: true });
  }
}

/** The folder is moved away and removed when it is replaced: nothing may be in it but a backup, and never the stores themselves. */
async function assertMayBecomeBackup(target: string, { dataDir, replace }: { dataDir: string; replace: boolean }): Promise<void> {
  if (!existsSync(target)) return;
  if (target === (await realpath(dataDir)))
    throw new BackupFault(`${target} is the data folder itself, where the stores are in use; name another folder`);
  const names = await readdir(target);
  if (names.length === 0) return;
  if (!names.includes(MANIFEST_FILE))
    throw new BackupFault(`${target} holds ${names[0]} and other things, but no backup; name another folder`);
  if (!replace) throw isThereAlready(target);
  const foreign = names.find((name) => name !== MANIFEST_FILE && !storeNames.some((store) => name === fileOf(store)));
  if (foreign !== undefined)
    throw new BackupFault(`${target} holds ${foreign} beside a backup, so it is not replaced; name another folder`);
}

const isThereAlready = (target: string): BackupFault =>
  new BackupFault(
    `there is a backup in ${target} already; name another folder, or ask for it to be replaced: REPLACE=1 of make, --replace of npm`,
  );

async function writeBackup(dataDir: string, stores: readonly StoreName[], folder: string): Promise<Manifest> {
  const snapshots = takeSnapshots(dataDir, stores);
  const progress: Copying = { step: '', bytes: 0 };
  const total = snapshots.reduce((sum, { bytes }) => sum + bytes, 0);
  // Each file is copied, and then read again.
  const endProgress = showCopying(2 * total, progress);
  try {
    await assertRoom(folder, total);
    const files: BackedUpFile[] = [];
    for (const snapshot of snapshots) files.push(await copy(snapshot, pathOf(folder, snapshot.store), progress));
    const manifest = manifestOf(VERSION, files);
    await writeFile(manifestPath(folder), `${JSON.stringify(manifest, null, 2)}\n`);
    await sync(manifestPath(folder));
    await sync(folder);
    return manifest;
  } finally {
    endProgress();
    for (const { db } of snapshots) db.close();
  }
}

/** A disk that the backup fills up is full for the services that write to it, too. */
async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [free, needed] = [bavail * bsize, bytes + FREE_BYTES_LEFT];
  if (free < needed)
    throw new BackupFault(`there is no room for the backup where ${folder} is: it needs ${needed} bytes, and ${free} are free`);
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
async function copy({ store, db, bytes }: Snapshot, path: string, progress: Copying): Promise<BackedUpFile> {
  const before = progress.bytes;
  progress.step = `copying ${store}`;
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

/**
 * Puts the whole backup into its place. Ended at any point this leaves a whole backup: the old one or the new one in the
 * place, or both beside it.
 */
async function publish({ target, incomplete, replaced }: Places, { replace }: { replace: boolean }): Promise<void> {
  const isReplaced = replace && existsSync(manifestPath(target));
  if (isReplaced) await rename(target, replaced);
  try {
    await rename(incomplete, target);
  } catch (error) {
    if (isReplaced) await rename(replaced, target);
    // Another run was faster.
    if (!isReplaced && existsSync(manifestPath(target))) throw isThereAlready(target);
    throw error;
  }
  await sync(dirname(target));
  await rm(replaced, { recursive: true, force: true });
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
