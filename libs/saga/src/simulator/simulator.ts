import type { Json } from '../asl/json.js';
import { type Omitted, type SimulationResult, simulate } from './simulation.js';
import { machinesWithout, type Protection } from './without.js';
import { type Plan, planOf } from './workload.js';

/** Runs that it may take to make a failing one smaller: some seconds. */
const MAX_SHRINKING_RUNS = 500;

/**
 * Runs the modules of production (interpreter, engine, participant protocol) in a world of its own, where all that can go
 * wrong does, and checks what comes of it. The same seed is the same run, bit for bit.
 */
export class Simulator {
  readonly #stateMachines: ReadonlyMap<string, Json>;
  readonly #without: Protection | undefined;

  /** @param without a protection that is taken out, to see that it is noticed */
  constructor(stateMachines: ReadonlyMap<string, Json>, without?: Protection) {
    this.#stateMachines = machinesWithout(without, stateMachines);
    this.#without = without;
  }

  runSeed(seed: number, omitted?: Omitted): Promise<SimulationResult> {
    return this.run(planOf(seed), omitted);
  }

  /** @param scripted instead of faults by chance, those with these names and no others */
  run(plan: Plan, omitted?: Omitted, scripted?: ReadonlySet<string>): Promise<SimulationResult> {
    return simulate(plan, { stateMachines: this.#stateMachines, without: this.#without, omitted, scripted });
  }

  /** Leaves out what a failing run does not need to fail: requests first, then faults, many at once and then one by one. */
  async shrunk(failing: SimulationResult): Promise<SimulationResult> {
    let smallest = failing;
    let omitted: Omitted = { requests: new Set(), faults: new Set() };
    let runs = 0;
    const tryWithout = async (more: Omitted): Promise<void> => {
      if (runs++ >= MAX_SHRINKING_RUNS) return;
      const less = { requests: omitted.requests.union(more.requests), faults: omitted.faults.union(more.faults) };
      const result = await this.runSeed(failing.seed, less);
      if (result.violations.length === 0) return;
      omitted = less;
      smallest = result;
    };
    for (const request of failing.requests) await tryWithout({ requests: new Set([request]), faults: new Set() });
    for (let size = smallest.faults.length; size >= 1; size = Math.floor(size / 2)) {
      const faults = smallest.faults;
      for (let from = 0; from < faults.length; from += size)
        await tryWithout({ requests: new Set(), faults: new Set(faults.slice(from, from + size)) });
    }
    return smallest;
  }
}
