import { SingleBar } from 'cli-progress';

/** Where there is no terminal: often enough to see that it lives, seldom enough for a log. */
const LINE_INTERVAL_MS = 3_000;
const BYTES_PER_MB = 1_000_000;

/** How far a copy of several files is. */
export interface Progress {
  /** What is done now. */
  step: string;
  bytes: number;
}

/**
 * Shows on standard error how far it is: a bar on a terminal, a line every three seconds elsewhere.
 * @returns ends it
 */
export function showProgress(totalBytes: number, progress: Readonly<Progress>): () => void {
  return process.stderr.isTTY ? showBar(totalBytes, progress) : showLines(totalBytes, progress);
}

const megabytes = (bytes: number): number => Math.round(bytes / BYTES_PER_MB);

function showBar(totalBytes: number, progress: Readonly<Progress>): () => void {
  const bar = new SingleBar({
    format: '{step} {bar} {percentage} %, {value} of {total} MB',
    barsize: 24,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(megabytes(totalBytes), 0, { step: progress.step });
  const update = () => bar.update(megabytes(progress.bytes), { step: progress.step });
  const timer = setInterval(update, 200);
  return () => {
    clearInterval(timer);
    update();
    bar.stop();
  };
}

function showLines(totalBytes: number, progress: Readonly<Progress>): () => void {
  const timer = setInterval(() => {
    process.stderr.write(`${progress.step}: ${megabytes(progress.bytes)} of ${megabytes(totalBytes)} MB\n`);
  }, LINE_INTERVAL_MS);
  return () => clearInterval(timer);
}
