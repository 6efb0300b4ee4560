import { formatted, perSecond } from '../figures.js';
import { showProgress } from '../progress.js';
import type { KindName } from './kinds.js';

/** What has been done so far. */
export interface Done {
  kind: KindName;
  rows: number;
  bytes: number;
}

/**
 * Shows how far the import is.
 * @param totalBytes of all files @param done asked each time something is shown
 * @returns ends it
 */
export function showImport(totalBytes: number, done: () => Done): () => void {
  const startedAt = performance.now();
  return showProgress(totalBytes, () => {
    const { kind, rows, bytes } = done();
    const elapsedMs = performance.now() - startedAt;
    const left = duration(Math.ceil((elapsedMs / 1_000) * (totalBytes / bytes - 1)));
    return { stage: kind, done: bytes, figures: `${formatted(rows)} rows, ${perSecond(rows, elapsedMs)} rows/s, ${left} left` };
  });
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}` : `${minutes}:${twoDigits(seconds % 60)}`;
}
