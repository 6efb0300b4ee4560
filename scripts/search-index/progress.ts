import { SingleBar } from 'cli-progress';

/** Where there is no terminal: often enough to see that it lives, seldom enough for a log. */
const LINE_INTERVAL_MS = 3_000;

/** Shows how many concerts of all a stage has done, on standard error: a bar on a terminal, a line every three seconds elsewhere. */
export class ConcertProgress {
  #stage = '';
  #startedAt = 0;
  #bar: SingleBar | undefined;
  #toldAt = 0;

  /** @param total concerts, as far as that is known */
  constructor(private readonly total: number) {}

  show(stage: string, done: number): void {
    if (stage !== this.#stage) this.#begin(stage);
    this.#bar?.update(Math.min(done, this.total), { rate: this.#rate(done) });
    if (this.#bar || Date.now() - this.#toldAt < LINE_INTERVAL_MS) return;
    this.#toldAt = Date.now();
    process.stderr.write(`${stage}: ${done} of about ${this.total} concerts, ${this.#rate(done)} a second\n`);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin(stage: string): void {
    this.end();
    this.#stage = stage;
    this.#startedAt = performance.now();
    if (!process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      format: '{stage} {bar} {percentage} %, {value} concerts, {rate} a second',
      barsize: 24,
      barCompleteChar: '\u2588',
      barIncompleteChar: '\u2591',
      hideCursor: true,
      stream: process.stderr,
    });
    this.#bar.start(this.total, 0, { stage: stage.padEnd('comparing'.length), rate: 0 });
  }

  #rate(done: number): number {
    return Math.round(done / Math.max(0.001, (performance.now() - this.#startedAt) / 1_000));
  }
}
