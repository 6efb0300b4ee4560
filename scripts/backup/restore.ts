import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '#config';
import { UNFINISHED_RESTORE } from '#database';
import { openJournal } from '#saga';
import { openBandStore, openConcertStore, openEventStore, openVenueStore } from '#store';
import { sync } from './back-up.js';
import { BackupFault } from './backup-fault.js';
import { embeddedStores, FILE_SUFFIXES, fileOf, pathOf, type StoreName, setStoreId } from './embedded-stores.js';
import { assertNotInUse } from './in-use.js';
import { type BackedUpFile, type Manifest, readManifest, sha256Of } from './manifest.js';
import { type Copying, showCopying } from './progress.js';
import { type Move, NotMovedBack, renameAll } from './rename-all.js';

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
 * @throws BackupFault and CannotStart when it cannot: then the stores are as they were, or none can be opened and the
 *   marker in the data folder says where those of before are
 */
export async function restore(config: Config, { from, replace }: RestoreOptions): Promise<Restored> {
  const manifest = await readManifest(from);
  const stores = manifest.files.map(({ store }) => store);
  assertSame(stores, embeddedStores(config));
  await assertNotInUse(config, stores);
  const present = stores.filter((store) => existsSync(pathOf(config.dataDir, store)));
  if (present.length > 0 && !replace)
    throw new BackupFault(
      `there are stores in ${config.dataDir} already; ask for them to be put aside and replaced: REPLACE=1 of make, --replace of npm`,
    );
  const staging = join(config.dataDir, `restoring-${randomUUID()}`);
  await mkdir(staging, { recursive: true });
  try {
    await stage(manifest.files, { from, staging });
    return { manifest, before: await putInPlace(config, stores, staging) };
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
  const progress: Copying = { step: '', bytes: 0 };
  const endProgress = showCopying(
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

/**
 * The last step. While its marker is there nobody can open a store, so if it is ended in the middle nobody begins with
 * stores of two moments, or with empty ones.
 * @returns where the stores are that were there before, in as many folders as it took restores until one was done
 */
async function putInPlace(config: Config, stores: readonly StoreName[], staging: string): Promise<string | undefined> {
  const { dataDir } = config;
  const marker = join(dataDir, UNFINISHED_RESTORE);
  const wasUnfinished = existsSync(marker);
  const before = join(dataDir, `before-restore-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`);
  await mkdir(before);
  try {
    await appendFile(marker, `${before}\n`);
    await sync(marker);
    await sync(dataDir);
    // It took a while until here, in which somebody may have started; from now on nobody can.
    await assertNotInUse(config, stores);
    const aside = stores.flatMap((store) =>
      FILE_SUFFIXES.map((suffix): Move => {
        const name = fileOf(store) + suffix;
        return [join(dataDir, name), join(before, name)];
      }),
    );
    const inPlace = stores.map((store): Move => [pathOf(staging, store), pathOf(dataDir, store)]);
    await renameAll([...aside.filter(([from]) => existsSync(from)), ...inPlace]);
  } catch (error) {
    await removeEmpty([before]);
    // A disk that is full may not have taken it.
    if (!wasUnfinished && !(error instanceof NotMovedBack)) await rm(marker, { force: true });
    throw error;
  }
  await sync(before);
  await sync(dataDir);
  const folders = (await readFile(marker, 'utf8')).trimEnd().split('\n');
  const kept = await removeEmpty(folders.filter((folder) => existsSync(folder)));
  await rm(marker);
  await sync(dataDir);
  return kept.length > 0 ? kept.join(' and ') : undefined;
}

/** @returns the folders that are not empty, and stay */
async function removeEmpty(folders: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const folder of folders) {
    if ((await readdir(folder)).length > 0) kept.push(folder);
    else await rmdir(folder);
  }
  return kept;
}
