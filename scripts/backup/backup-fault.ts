import { EXIT_FAULTS } from '../command.js';

/** A backup cannot be made or restored, for a reason that the person who asked for it can do something about. One line. */
export class BackupFault extends Error {
  override readonly name = 'BackupFault';
}

/** The exit code of a backup or restore that was refused, or went wrong; nothing for what nobody foresaw. */
export function exitCodeOf(error: Error): number | undefined {
  // A full disk, or a folder that may not be written, is the file system's error: its message names the file.
  const isOfFiles = 'code' in error && ('syscall' in error || error.code === 'ERR_SQLITE_ERROR');
  return error instanceof BackupFault || isOfFiles ? EXIT_FAULTS : undefined;
}
