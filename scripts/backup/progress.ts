import { showProgress } from '../progress.js';

const BYTES_PER_MB = 1_000_000;

/** How far a copy of several files is. */
export interface Copying {
  /** What is done now. */
  step: string;
  bytes: number;
}

/** Shows how far it is. @returns ends it */
export const showCopying = (totalBytes: number, copying: Readonly<Copying>): (() => void) =>
  showProgress(totalBytes, () => ({
    stage: copying.step,
    done: copying.bytes,
    figures: `${megabytes(copying.bytes)} of ${megabytes(totalBytes)} MB`,
  }));

const megabytes = (bytes: number): number => Math.round(bytes / BYTES_PER_MB);
