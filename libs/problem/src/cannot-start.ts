/** The exit status of a process whose start can never succeed as things are: `EX_CONFIG` of sysexits.h. */
export const EXIT_CANNOT_START = 78;

/** A start that can never succeed: a bad variable, a taken port, a store from a newer version. Its message is one line. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
