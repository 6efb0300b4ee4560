import { CannotStart, EXIT_CANNOT_START } from '#problem';

/** It was not done, or something is wrong with what was looked at. */
export const EXIT_FAULTS = 1;
/** The command is wrong, or what it needs cannot be had. */
export const EXIT_CANNOT = 2;
/** 128 and the number of SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;

/** The command cannot be understood or has nothing to work on: its message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command. What goes wrong, as far as the person who typed it can do something about it, is one line on standard
 * error.
 * @param work returns the exit code
 * @param exitCodeOf of what else may go wrong; nothing where nobody foresaw it
 * @returns that of `work`; 2 for wrong arguments, 78 for a wrong configuration or a store of a newer version
 */
export async function runCommand(
  work: () => Promise<number>,
  exitCodeOf: (error: Error) => number | undefined = () => undefined,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (isMisuse(error)) return told(`${error.message}; see --help`, EXIT_CANNOT);
    const code = error instanceof CannotStart ? EXIT_CANNOT_START : exitCodeOf(error);
    if (code === undefined) throw error;
    return told(error.message, code);
  }
}

function told(line: string, code: number): number {
  process.stderr.write(`${line}\n`);
  return code;
}

/** Also what `parseArgs` throws for a command line that it does not know. */
const isMisuse = (error: Error): boolean =>
  error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
