/** A backup cannot be made or restored, for a reason that the person who asked for it can do something about. One line. */
export class BackupFault extends Error {
  override readonly name = 'BackupFault';
}
