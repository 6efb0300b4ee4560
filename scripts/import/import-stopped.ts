/** The import cannot go on. What it has written stays, and running it again completes it: the message says why it ended. */
export class ImportStopped extends Error {
  override readonly name = 'ImportStopped';
}
