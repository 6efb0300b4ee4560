import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '#config';
import { openJournal } from '#saga';
import { openBandStore, openConcertStore, openEventStore, openVenueStore } from '#store';
import { sync } from './back-up.js';
import { BackupFault } from './backup-fault.js';
import { embeddedStores, FILE_SUFFIXES, fileOf, openFile, pathOf, type StoreName } from './embedded-stores.js';
import { assertNotInUse } from './in-use.js';
import { type BackedUpFile, type Manifest, readManifest, sha256Of } from './manifest.js';
import { type Progress, showProgress } from './progress.js';

export interface RestoreOptions {
  /** The folder of the backup. */
  from: string;
  /** Put stores that are there aside. */
  replace: boolean;
}

export interface Restored {
  manifest: Manifest;
  /** Where the stores are that were there before. */
  before: string | undefined;
}

/**
 * Puts the stores of a backup into the data folder, each with a new store id, so that whoever has read the changes of
 * the one before notices that this is another.
 * @throws BackupFault and CannotStart when it cannot: then the data folder is as it was
 */
export async function restore(config: Config, { from, replace }: RestoreOptions): Promise<Restored> {
  const manifest = await readManifest(from);
  const stores = manifest.files.map(({ store }) => store);
  assertSame(stores, embeddedStores(config));
  await assertNotInUse(config, stores);
  const present = stores.filter((store) => existsSync(pathOf(config.dataDir, store)));
  if (present.length > 0 && !replace)
    throw new BackupFault(`there are stores in ${config.dataDir} already; ask for them to be replaced, they are put aside then`);
  const staging = join(config.dataDir, 'restoring');
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    await stage(manifest.files, { from, staging });
    // It took a while: nobody may have started meanwhile.
    await assertNotInUse(config, stores);
    const before = present.length > 0 ? await putAside(config.dataDir, stores) : undefined;
    for (const store of stores) await rename(pathOf(staging, store), pathOf(config.dataDir, store));
    await sync(config.dataDir);
    return { manifest, before };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** A part of the stores from a backup and a part from now would contradict each other. */
function assertSame(inBackup: readonly StoreName[], configured: readonly StoreName[]): void {
  const named = (stores: readonly StoreName[]) => [...stores].sort().join(', ') || 'none';
  if (named(inBackup) === named(configured)) return;
  throw new BackupFault(`the backup is of ${named(inBackup)}; embedded stores by the configuration are: ${named(configured)}`);
}

/** Copies the files beside the data, and makes them what the services of this version open. */
async function stage(files: readonly BackedUpFile[], { from, staging }: { from: string; staging: string }): Promise<void> {
  for (const { store, bytes } of files) {
    const path = pathOf(from, store);
    if (!existsSync(path)) throw new BackupFault(`the backup is not whole: ${path} is missing`);
    if ((await stat(path)).size !== bytes) throw new BackupFault(`the backup is damaged: ${path} does not have ${bytes} bytes`);
  }
  const progress: Progress = { step: '', bytes: 0 };
  const endProgress = showProgress(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    progress,
  );
  try {
    for (const file of files) {
      progress.step = `restoring ${file.store}`;
      const path = pathOf(staging, file.store);
      await copyFile(pathOf(from, file.store), path);
      // Of the copy, which is what is used.
      const sha256 = await sha256Of(path, (read) => {
        progress.bytes += read;
      });
      if (sha256 !== file.sha256)
        throw new BackupFault(`the backup is damaged: ${pathOf(from, file.store)} has another checksum than its manifest says`);
      await openOnce[file.store](staging);
      setStoreId(path);
      await sync(path);
    }
  } finally {
    endProgress();
  }
}

const logger = pino({ level: 'silent' });

const opening =
  (
    open: typeof openBandStore | typeof openVenueStore | typeof openEventStore | typeof openConcertStore | typeof openJournal,
    name: StoreName,
  ) =>
  async (dataDir: string): Promise<void> => {
    const store = await open({ name, dataDir, mongoUrl: undefined }, logger);
    await store.close();
  };

/** The store's own code brings its file up to date, or refuses one that is of a newer version, before it takes a place. */
const openOnce: Record<StoreName, (dataDir: string) => Promise<void>> = {
  bands: opening(openBandStore, 'bands'),
  venues: opening(openVenueStore, 'venues'),
  events: opening(openEventStore, 'events'),
  concerts: opening(openConcertStore, 'concerts'),
  orchestrator: opening(openJournal, 'orchestrator'),
};

function setStoreId(path: string): void {
  const db = openFile(path, { readOnly: false });
  try {
    db.exec('pragma journal_mode = delete');
    db.prepare('update store set store_id = ?').run(randomUUID());
  } finally {
    db.close();
  }
}

/** @returns the folder in which the files now are */
async function putAside(dataDir: string, stores: readonly StoreName[]): Promise<string> {
  const folder = join(dataDir, `before-restore-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`);
  await mkdir(folder);
  for (const name of stores.flatMap((store) => FILE_SUFFIXES.map((suffix) => fileOf(store) + suffix)))
    if (existsSync(join(dataDir, name))) await rename(join(dataDir, name), join(folder, name));
  return folder;
}
