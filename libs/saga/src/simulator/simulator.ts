import { type Omitted, shrunk } from '#simulation';
import type { Json } from '../asl/json.js';
import { type SimulationResult, simulate } from './simulation.js';
import { machinesWithout, type Protection } from './without.js';
import { type Plan, planOf } from './workload.js';

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

  /** A smaller run of the same seed that still fails. */
  shrunk(failing: SimulationResult): Promise<SimulationResult> {
    return shrunk(failing, (omitted) => this.runSeed(failing.seed, omitted));
  }
}
