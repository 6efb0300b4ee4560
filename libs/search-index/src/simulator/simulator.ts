import { type Omitted, type RunResult, shrunk } from '#simulation';
import { simulate } from './simulation.js';
import type { IndexProtection } from './without.js';
import { planOf } from './workload.js';

/**
 * Runs the modules of production (the stores with their feeds, the indexer) in a world of its own, where all that can go
 * wrong does, and checks what searches find. The same seed is the same run, bit for bit.
 */
export class IndexSimulator {
  /** @param without a protection that is taken out, to see that it is noticed */
  constructor(private readonly without?: IndexProtection) {}

  runSeed(seed: number, omitted?: Omitted): Promise<RunResult> {
    return simulate(planOf(seed), { without: this.without, omitted });
  }

  /** A smaller run of the same seed that still fails. */
  shrunk(failing: RunResult): Promise<RunResult> {
    return shrunk(failing, (omitted) => this.runSeed(failing.seed, omitted));
  }
}
