import type { ServiceName } from '#config';

/** Something that is not as it must be. */
export interface Finding {
  /**
   * `lost`: what was promised is not there. `doubled`: what may be there once is there twice. `torn`: parts of one thing
   * disagree. `orphaned`: what a write left behind. `stuck`: an execution that does not come to its end.
   */
  sort: 'lost' | 'doubled' | 'torn' | 'orphaned' | 'stuck';
  kind: ServiceName | 'executions';
  /** Nothing for a fault of a store as a whole. */
  id?: number | string;
  what: string;
  /** The execution that has to do with it. */
  execution?: string;
}

export type Say = (finding: Finding) => void;

/** `lost: concert 12: its band 3 is deleted (execution 0198c0de-...)` */
function lineOf({ sort, kind, id, what, execution }: Finding): string {
  const whom = id === undefined ? `the store of ${kind}` : `${kind.slice(0, -1)} ${id}`;
  return `${sort}: ${whom}: ${what}${execution === undefined ? '' : ` (execution ${execution})`}`;
}

/** Lines that are kept: who has more of them has seen enough. */
const MAX_FINDINGS = 10_000;

/** Findings as lines, each once, up to a bound. */
export class Findings {
  readonly lines = new Set<string>();
  #isCut = false;

  /** @param isWanted says which lines are kept */
  constructor(private readonly isWanted: (line: string) => boolean = () => true) {}

  /** There were more. */
  get isCut(): boolean {
    return this.#isCut;
  }

  readonly say: Say = (finding) => {
    const line = lineOf(finding);
    if (!this.isWanted(line)) return;
    if (this.lines.size < MAX_FINDINGS) this.lines.add(line);
    else this.#isCut = true;
  };
}
