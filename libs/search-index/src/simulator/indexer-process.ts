import type { Process } from '#simulation';
import type { IndexLeader } from '../index-leader.js';
import { Indexer, type IndexerParts } from '../indexer.js';

/** The process of an indexer: it is killed and started again, each time with nothing but its name. */
export class IndexerProcess {
  indexer: Indexer | undefined;
  #lives = 0;
  #ending: AbortController | undefined;
  #following: { leader: IndexLeader; since: number } | undefined;

  /** @param parts of one life of it @param ending makes what asks one life to end */
  constructor(
    readonly process: Process,
    private readonly parts: (run: string) => IndexerParts,
    private readonly ending: () => AbortController,
    private readonly defect: (text: string) => void,
  ) {}

  start(): void {
    this.#lives++;
    const run = `${this.process.name}.${this.#lives}`;
    const ending = this.ending();
    this.#ending = ending;
    const { signal } = ending;
    const indexer = new Indexer(this.parts(run), run);
    this.indexer = indexer;
    this.process.start();
    indexer.run(signal).then(
      () => {
        if (this.indexer === indexer) this.crash();
        if (!signal.aborted) this.defect(`${run} ended`);
      },
      (error: unknown) => this.defect(`${run}: ${String(error)}`),
    );
  }

  /**
   * When it began to follow the feeds; nothing while it does not. What it reads before is compared with nothing that it was
   * told of: it relies on states that are as new as what a feed had told of when it began.
   */
  get followingSince(): number | undefined {
    const leader = this.indexer?.state === 'following' ? this.indexer.leader : undefined;
    if (leader !== this.#following?.leader) this.#following = leader && { leader, since: this.process.world.now };
    return this.#following?.since;
  }

  /** Asks it to end in peace. */
  close(): void {
    this.process.world.tell(`${this.process.name} is asked to end`);
    this.#ending?.abort();
  }

  crash(): void {
    this.indexer = undefined;
    if (this.process.isUp) this.process.crash();
  }
}
