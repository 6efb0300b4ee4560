import { CannotStart, EXIT_CANNOT_START } from '#problem';
import { isWrongArguments } from '../wrong-arguments.js';
import { BackupFault } from './backup-fault.js';

const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

/** The command says too little, or what it does not know. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command: what it was refused for is one line on standard error.
 * @param work answers what is to be said on standard output
 * @returns the exit code: 0 when it is done, 1 when it was refused or something is damaged, 2 for a wrong command, 78 for
 *   a wrong configuration or a store of a newer version
 */
export async function exitCodeOf(work: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(await work());
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    const isMisuse = error instanceof UsageError || error instanceof TypeError;
    process.stderr.write(`${error.message}${isMisuse ? '; see --help' : ''}\n`);
    if (isMisuse) return EXIT_USAGE;
    return error instanceof CannotStart ? EXIT_CANNOT_START : EXIT_REFUSED;
  }
}

/** A full disk, or a folder that may not be written, is the file system's error: its message names the file. */
function isExpected(error: unknown): error is Error {
  if ([BackupFault, UsageError, CannotStart].some((kind) => error instanceof kind)) return true;
  if (isWrongArguments(error)) return true;
  return error instanceof Error && 'code' in error && ('syscall' in error || error.code === 'ERR_SQLITE_ERROR');
}
