/** What a run is to go without: requests and faults, by their names. */
export interface Omitted {
  requests: ReadonlySet<string>;
  faults: ReadonlySet<string>;
}

/** What came of one run of a simulation. */
export interface RunResult {
  seed: number;
  /** A sentence for each promise that was broken. */
  violations: string[];
  /** How much of its subject there was. */
  done: { of: string; count: number };
  /** How many things happened. */
  events: number;
  /** How often a process was killed. */
  crashes: number;
  trace: readonly string[];
  /** Of the whole trace. */
  traceHash: string;
  /** The names of the faults that struck. */
  faults: readonly string[];
  /** The names of what was asked for. */
  requests: readonly string[];
}

/** Runs that it may take to make a failing one smaller: some seconds. */
const MAX_SHRINKING_RUNS = 500;

/** Leaves out what a failing run does not need to fail: requests first, then faults, many at once and then one by one. */
export async function shrunk<Result extends RunResult>(
  failing: Result,
  runWithout: (omitted: Omitted) => Promise<Result>,
): Promise<Result> {
  let smallest = failing;
  let omitted: Omitted = { requests: new Set(), faults: new Set() };
  let runs = 0;
  const tryWithout = async (more: Omitted): Promise<void> => {
    if (runs++ >= MAX_SHRINKING_RUNS) return;
    const less = { requests: omitted.requests.union(more.requests), faults: omitted.faults.union(more.faults) };
    const result = await runWithout(less);
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
