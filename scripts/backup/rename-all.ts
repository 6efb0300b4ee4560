import { rename } from 'node:fs/promises';
import { BackupFault } from './backup-fault.js';

/** Some files are in their new place, others not. */
export class NotMovedBack extends BackupFault {}

/** From where to where. */
export type Move = readonly [from: string, to: string];

/**
 * Renames all files, in their order, or none.
 * @throws what the file system said; NotMovedBack when some could not be moved back
 */
export async function renameAll(moves: readonly Move[]): Promise<void> {
  const done: Move[] = [];
  try {
    for (const move of moves) {
      await rename(...move);
      done.push(move);
    }
  } catch (error) {
    await moveBack(done.reverse(), error);
    throw error;
  }
}

async function moveBack(moves: readonly Move[], cause: unknown): Promise<void> {
  try {
    for (const [from, to] of moves) await rename(to, from);
  } catch (error) {
    const reasons = [cause, error].map((reason) => (reason instanceof Error ? reason.message : String(reason)));
    throw new NotMovedBack(`files could not be moved, nor moved back: ${reasons.join('; ')}`, { cause });
  }
}
