import { SingleBar } from 'cli-progress';

/** Where there is no terminal: often enough to see that it lives, seldom enough for a log. */
const LINE_INTERVAL_MS = 3_000;
const BAR_INTERVAL_MS = 200;
/** So that the bar stays where it is when another stage begins. */
const STAGE_WIDTH = 'restoring orchestrator'.length;

/** How far a command is. */
export interface Progress {
  /** What is done now. */
  stage: string;
  /** Of the total, in its unit. */
  done: number;
  /** The same and more, for a person to read. */
  figures: string;
}

/**
 * Shows on standard error how far a command is: a bar on a terminal, a line every three seconds elsewhere.
 * @param total of what is to be done, in any unit @param now asked each time something is shown
 * @returns ends it
 */
export function showProgress(total: number, now: () => Progress): () => void {
  return process.stderr.isTTY ? showBar(total, now) : showLines(total, now);
}

function showBar(total: number, now: () => Progress): () => void {
  const bar = new SingleBar({
    format: '{stage} {bar} {percentage} %, {figures}',
    barsize: 24,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    // The command itself ends it on an interrupt.
    gracefulExit: false,
    stream: process.stderr,
  });
  const shown = () => {
    const { stage, done, figures } = now();
    return { value: Math.min(done, total), words: { stage: stage.padEnd(STAGE_WIDTH), figures } };
  };
  const first = shown();
  bar.start(total, first.value, first.words);
  const update = () => {
    const { value, words } = shown();
    bar.update(value, words);
  };
  const timer = setInterval(update, BAR_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    update();
    bar.stop();
  };
}

/** The last line says how far it came; what is over before the first is due shows none. */
function showLines(total: number, now: () => Progress): () => void {
  let isShown = false;
  const show = () => {
    const { stage, done, figures } = now();
    const percent = total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total));
    process.stderr.write(`${stage}: ${percent} %, ${figures}\n`);
    isShown = true;
  };
  const timer = setInterval(show, LINE_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    if (isShown) show();
  };
}
