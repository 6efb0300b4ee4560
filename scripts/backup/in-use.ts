import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { type Config, hostToReach } from '#config';
import { resultCodeOf } from '#database';
import { BackupFault } from './backup-fault.js';
import { pathOf, type StoreName } from './embedded-stores.js';

/** A process on this machine takes a connection at once, or is not there. */
const CONNECT_TIMEOUT_MS = 1_000;
/** Primary result code of SQLite: another connection has the file open. */
const SQLITE_BUSY = 5;

/** @throws BackupFault when one of the processes runs whose stores these are */
export async function assertNotInUse(config: Config, stores: readonly StoreName[]): Promise<void> {
  for (const store of stores) {
    const path = pathOf(config.dataDir, store);
    if (existsSync(path) && isOpenElsewhere(path)) throw new BackupFault(`${path} is in use; end ${store} first`);
  }
  const host = hostToReach(config.host);
  for (const store of stores) {
    const port = store === 'orchestrator' ? config.orchestrator.port : config.ports[store];
    if (await listens(host, port))
      throw new BackupFault(`something listens at ${host}:${port}, the port of ${store}; end it first`);
  }
}

/**
 * Whoever has a file with a write-ahead log open holds a lock on it, also while it does nothing: it can be had for oneself
 * alone only when there is nobody. Then its log is in the file, which is whole without it.
 */
function isOpenElsewhere(path: string): boolean {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('pragma locking_mode = exclusive; begin exclusive; commit; pragma journal_mode = delete');
    return false;
  } catch (error) {
    // A file that is damaged is no reason against a restore, but one for it.
    return resultCodeOf(error) === SQLITE_BUSY;
  } finally {
    db.close();
  }
}

async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return true;
  } catch {
    return false; // nobody, or nobody who takes connections
  } finally {
    socket.destroy();
  }
}
