import { Draw } from './random.js';
import type { Process, World } from './world.js';

export interface FaultPlan {
  seed: number;
  /** 1 for the chances that are written where each fault is; 0 for none. */
  intensity: number;
  /** Faults that would strike and must not, by their names. */
  spared: ReadonlySet<string>;
  /** Instead of by chance, those and no others. */
  scripted: ReadonlySet<string> | undefined;
}

/** Decides what goes wrong. Each fault has a name of its own, so that a run can be repeated without it. */
export class Faults {
  /** The names of those that struck. */
  readonly struck: string[] = [];
  #isOver = false;

  constructor(private readonly plan: FaultPlan) {}

  draw(name: string): Draw {
    return new Draw(this.plan.seed, name);
  }

  /** The first of some faults that strikes what has a name; each does with its probability at intensity 1. */
  first<Kind extends string>(name: string, draw: Draw, kinds: readonly (readonly [Kind, number])[]): Kind | undefined {
    return kinds.filter(([kind, probability]) => this.strikes(name, kind, { draw, probability })).at(0)?.[0];
  }

  strikes(name: string, kind: string, { draw, probability }: { draw: Draw; probability: number }): boolean {
    const { intensity, spared, scripted } = this.plan;
    // Drawn in any case: what is drawn next must not depend on what is spared.
    const isDrawn = draw.chance(probability * intensity);
    if (this.#isOver || !(isDrawn || scripted)) return false;
    const fault = `${name}: ${kind}`;
    if (scripted ? !scripted.has(fault) : spared.has(fault)) return false;
    this.struck.push(fault);
    return true;
  }

  /** Whether a fault strikes that was planned. */
  isMeant(fault: string): boolean {
    if (this.plan.spared.has(fault)) return false;
    this.struck.push(fault);
    return true;
  }

  /** From now on all goes well. */
  end(): void {
    this.#isOver = true;
  }
}

/** Tells things apart that happen again under the same name. */
export class Names {
  readonly #counts = new Map<string, number>();

  next(name: string): string {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count === 1 ? name : `${name} #${count}`;
  }
}

const LATENCY_MS = [1, 4] as const;
const SLOW_MS = [50, 6_000] as const;
/** Longer than any call is waited for; the longest are still on their way when their execution has long ended. */
const LATE_MS = [5_000, 300_000] as const;
const SOON_AGAIN_MS = [0, 15_000] as const;
const LOST = 0.02;
const LATE = 0.015;
const SLOW = 0.03;
const DOUBLED = 0.05;

/** What brings messages: mostly soon and once. */
export class Network {
  constructor(
    private readonly world: World,
    private readonly faults: Faults,
  ) {}

  /** @param refused what the sender learns when nobody is there, if it learns anything */
  send(name: string, to: Process, deliver: () => void, refused: () => void = () => undefined): void {
    const { faults, world } = this;
    const draw = faults.draw(name);
    const isLost = faults.strikes(name, 'lost', { draw, probability: LOST });
    const isLate = faults.strikes(name, 'late', { draw, probability: LATE });
    const isSlow = faults.strikes(name, 'slow', { draw, probability: SLOW });
    const isDoubled = faults.strikes(name, 'doubled', { draw, probability: DOUBLED });
    const delayMs = draw.within(isLate ? LATE_MS : isSlow ? SLOW_MS : LATENCY_MS);
    if (isLost) world.tell(`lost: ${name}`);
    else world.after(delayMs, () => to.receive(deliver, refused));
    if (!isDoubled) return;
    const copyDelayMs = delayMs + draw.within(draw.chance(0.3) ? LATE_MS : SOON_AGAIN_MS);
    world.after(copyDelayMs, () => {
      world.tell(`once more: ${name}`);
      to.receive(deliver, () => undefined);
    });
  }
}
