import { Fault } from '#problem';
import type { Process } from '#simulation';
import { type Faults, Names } from '#simulation';
import type { Json } from '../asl/json.js';
import type { HistoryEvent } from '../asl/step.js';
import type { ClaimRequest, Execution, ExecutionPage, Journal, Transition, Within } from '../journal.js';

export interface JournalLinkParts {
  /** Whose link it is. */
  process: Process;
  journal: Journal;
  faults: Faults;
  /** Whether the database answers nobody now. */
  isDown(): boolean;
  /** The process dies, and comes back some time later. */
  crash(): void;
  /** Told the name of each call that writes an execution. */
  onWrite(name: string): void;
}

const READ_FAULTS = [
  ['error before', 0.01],
  ['answer lost', 0.005],
  ['slow', 0.01],
] as const;
const WRITE_FAULTS = [
  ...READ_FAULTS,
  ['error after', 0.01],
  ['late', 0.01],
  ['doubled', 0.01],
  ['crash before', 0.004],
  ['crash after', 0.006],
] as const;

const LATENCY_MS = 1;
const SLOW_MS = [50, 6_000] as const;
/** By how much a write can come after its caller's deadline. */
const LATE_MS = [1, 20_000] as const;
const SECOND_COPY_MS = [1, 10_000] as const;

/** How one orchestrator reaches the journal: with all that can go wrong on the way. */
export class JournalLink implements Journal {
  /** Calls that may still write, those included that nobody waits for any more. */
  pendingWrites = 0;
  readonly #names = new Names();

  constructor(private readonly parts: JournalLinkParts) {}

  saveDefinition(definition: { hash: string; source: Json }, within: Within): Promise<void> {
    return this.#read('saves a definition', within, (journal) => journal.saveDefinition(definition, within));
  }

  definition(hash: string, within: Within): Promise<Json | undefined> {
    return this.#read('reads a definition', within, (journal) => journal.definition(hash, within));
  }

  begin(execution: Execution, events: readonly HistoryEvent[], within: Within) {
    return this.#write(`begins ${execution.idempotencyKey.key}`, within, (journal) => journal.begin(execution, events, within));
  }

  write(transition: Transition, within: Within): Promise<boolean> {
    const { idempotencyKey, revision } = transition.execution;
    return this.#write(`writes ${idempotencyKey.key} revision ${revision}`, within, (journal) =>
      journal.write(transition, within),
    );
  }

  claim(request: ClaimRequest, within: Within): Promise<Execution[]> {
    return this.#read('claims', within, (journal) => journal.claim(request, within));
  }

  read(id: string, within: Within): Promise<Execution | undefined> {
    return this.#read('reads', within, (journal) => journal.read(id, within));
  }

  history(request: { id: string; from: number; limit: number }, within: Within): Promise<HistoryEvent[]> {
    return this.#read('reads a history', within, (journal) => journal.history(request, within));
  }

  list(page: ExecutionPage, within: Within): Promise<Execution[]> {
    return this.#read('lists', within, (journal) => journal.list(page, within));
  }

  counts(request: { failingBefore: number }, within: Within) {
    return this.#read('counts', within, (journal) => journal.counts(request, within));
  }

  removeEnded(request: { before: number; limit: number }, within: Within): Promise<number> {
    return this.#read('removes', within, (journal) => journal.removeEnded(request, within));
  }

  ping(within: Within): Promise<void> {
    return this.#read('pings', within, (journal) => journal.ping(within));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A call that changes nothing, or that may be carried out by halves without harm. */
  #read<T>(what: string, within: Within, perform: (journal: Journal) => Promise<T>): Promise<T> {
    const name = this.#nameOf(what);
    return this.#call({ name, kinds: READ_FAULTS, within, perform });
  }

  #write<T>(what: string, within: Within, perform: (journal: Journal) => Promise<T>): Promise<T> {
    const name = this.#nameOf(what);
    this.parts.onWrite(name);
    return this.#call({ name, kinds: WRITE_FAULTS, within, perform: (journal) => this.#told(name, perform(journal)) });
  }

  #call<T>({ name, kinds, within, perform }: Call<T>): Promise<T> {
    const { process, faults, journal, crash, isDown } = this.parts;
    const { world } = process;
    const draw = faults.draw(name);
    const fault = faults.first(name, draw, kinds);
    const leftMs = Math.max(0, within.deadline - process.clock.now());
    return new Promise((resolve, reject) => {
      const answer = process.bound(resolve);
      const fail = process.bound(() => reject(new Fault('Unavailable', 'the journal failed')));
      const endInTime = process.bound(() => reject(new Fault('Timeout', 'the journal did not answer in time')));
      const performAfter = (delayMs: number, then: (value: T) => void) => {
        this.pendingWrites++;
        world.after(delayMs, () => {
          this.pendingWrites--;
          if (isDown()) fail();
          else void perform(journal).then(then);
        });
      };
      switch (fault) {
        case 'error before':
          return void world.after(LATENCY_MS, fail);
        case 'error after':
          return performAfter(LATENCY_MS, fail);
        case 'crash before':
          return void world.after(0, crash);
        case 'crash after':
          return performAfter(LATENCY_MS, crash);
        case 'answer lost':
          world.after(leftMs, endInTime);
          return performAfter(LATENCY_MS, () => undefined);
        case 'late':
          world.after(leftMs, endInTime);
          return performAfter(leftMs + draw.within(LATE_MS), () => undefined);
        case 'slow':
          world.after(leftMs, endInTime);
          return performAfter(draw.within(SLOW_MS), answer);
        case 'doubled':
          performAfter(LATENCY_MS + draw.within(SECOND_COPY_MS), () => undefined);
          return performAfter(LATENCY_MS, answer);
        default:
          return performAfter(LATENCY_MS, answer);
      }
    });
  }

  /** Puts into the trace what became of a write. */
  async #told<T>(name: string, performed: Promise<T>): Promise<T> {
    const value = await performed;
    this.parts.process.world.tell(value === false ? `refused: ${name}` : `${name}`);
    return value;
  }

  #nameOf(what: string): string {
    return this.#names.next(`${this.parts.process.name} ${what}`);
  }
}

interface Call<T> {
  name: string;
  kinds: readonly (readonly [(typeof WRITE_FAULTS)[number][0], number])[];
  within: Within;
  perform(journal: Journal): Promise<T>;
}
