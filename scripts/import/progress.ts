import { SingleBar } from 'cli-progress';
import type { KindName } from './kinds.js';
import { formatted } from './report.js';

/** Where there is no terminal: often enough to see that it lives, seldom enough for a log. */
const LINE_INTERVAL_MS = 3_000;
const BAR_INTERVAL_MS = 200;

/** What has been done so far. */
export interface Done {
  kind: KindName;
  rows: number;
  bytes: number;
}

/**
 * Shows how far the import is on standard error: a bar on a terminal, a line every three seconds elsewhere.
 *
 * @param totalBytes of all files
 * @param done asked each time something is shown
 * @returns ends it
 */
export function showProgress(totalBytes: number, done: () => Done): () => void {
  const startedAt = performance.now();
  const now = () => progressOf(done(), totalBytes, performance.now() - startedAt);
  return process.stderr.isTTY ? showBar(totalBytes, now) : showLines(now);
}

interface Progress extends Done {
  percent: number;
  rowsPerSecond: number;
  secondsLeft: number;
}

function progressOf(done: Done, totalBytes: number, elapsedMs: number): Progress {
  const share = totalBytes === 0 ? 1 : done.bytes / totalBytes;
  return {
    ...done,
    percent: Math.floor(share * 100),
    rowsPerSecond: Math.round(done.rows / (elapsedMs / 1_000)),
    secondsLeft: share === 0 ? Number.POSITIVE_INFINITY : Math.ceil((elapsedMs / 1_000) * (1 / share - 1)),
  };
}

function showBar(totalBytes: number, now: () => Progress): () => void {
  const bar = new SingleBar({
    format: '{kind} {bar} {percentage} %, {figures}',
    barsize: 24,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    hideCursor: true,
    // The command itself ends it on an interrupt, with its table.
    gracefulExit: false,
    stream: process.stderr,
  });
  const shown = () => {
    const progress = now();
    return { kind: progress.kind.padEnd('concerts'.length), figures: figures(progress), value: progress.bytes };
  };
  bar.start(totalBytes, 0, shown());
  const update = () => {
    const { value, ...payload } = shown();
    bar.update(value, payload);
  };
  const timer = setInterval(update, BAR_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    update();
    bar.stop();
  };
}

function showLines(now: () => Progress): () => void {
  const timer = setInterval(() => {
    const progress = now();
    process.stderr.write(`${progress.kind}: ${progress.percent} %, ${figures(progress)}\n`);
  }, LINE_INTERVAL_MS);
  return () => clearInterval(timer);
}

const figures = ({ rows, rowsPerSecond, secondsLeft }: Progress): string =>
  `${formatted(rows)} rows, ${formatted(rowsPerSecond)} rows/s, ${duration(secondsLeft)} left`;

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}` : `${minutes}:${twoDigits(seconds % 60)}`;
}
