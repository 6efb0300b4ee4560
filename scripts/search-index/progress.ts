import { formatted, perSecond } from '../figures.js';
import { showProgress } from '../progress.js';

/** Shows how many concerts of all the present stage of a command has done. */
export class ConcertProgress {
  /** Shows no more. */
  readonly end: () => void;
  #done = 0;
  #startedAt = performance.now();

  /** @param stage the first @param total concerts, as far as that is known */
  constructor(
    private stage: string,
    private readonly total: number,
  ) {
    this.end = showProgress(total, () => ({
      stage: this.stage,
      done: this.#done,
      figures: `${formatted(this.#done)} of about ${formatted(total)} concerts, ${this.#perSecond} a second`,
    }));
  }

  show(stage: string, done: number): void {
    if (stage !== this.stage) this.#startedAt = performance.now();
    this.stage = stage;
    // Deleted ones are looked at too, and are not in the total.
    this.#done = Math.min(done, this.total);
  }

  get #perSecond(): string {
    return perSecond(this.#done, performance.now() - this.#startedAt);
  }
}
