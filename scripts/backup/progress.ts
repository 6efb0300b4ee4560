import { formatted } from '../figures.js';
import { showProgress } from '../progress.js';

const MB = { unit: 'MB', bytes: 1_000_000 };
const KB = { unit: 'kB', bytes: 1_000 };
/** From this many of the larger unit on it says enough without decimals. */
const MIN_MB = 10;

/** How far a copy of several files is. */
export interface Copying {
  /** What is done now. */
  step: string;
  bytes: number;
}

/** Shows how far it is. @returns ends it */
export function showCopying(totalBytes: number, copying: Readonly<Copying>): () => void {
  const { unit, bytes: bytesPerUnit } = totalBytes < MIN_MB * MB.bytes ? KB : MB;
  const inUnit = (bytes: number) => formatted(Math.round(bytes / bytesPerUnit));
  return showProgress(totalBytes, () => ({
    stage: copying.step,
    done: copying.bytes,
    figures: `${inUnit(copying.bytes)} of ${inUnit(totalBytes)} ${unit}`,
  }));
}
