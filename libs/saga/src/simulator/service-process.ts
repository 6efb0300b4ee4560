import { Fault } from '#problem';
import type { Process } from '#simulation';
import { type Faults, Names } from '#simulation';
import { isObject, type Json } from '../asl/json.js';
import type { TaskAnswer } from '../task.js';
import type { OwnerService, StepCall } from './owner-service.js';

const FAULTS = [
  ['definite error', 0],
  ['error before', 0.01],
  ['error after', 0.015],
  ['garbage before', 0.002],
  ['garbage after', 0.004],
  ['crash before', 0.004],
  ['crash after', 0.006],
] as const;

type FaultKind = (typeof FAULTS)[number][0];

/** Those that strike before anything is written. */
const FAULTS_BEFORE: ReadonlySet<FaultKind> = new Set(['definite error', 'error before', 'garbage before', 'crash before']);

const DEFINITE: TaskAnswer = { error: 'Conflict', cause: 'the script says so' };
const UNAVAILABLE: TaskAnswer = { error: 'Unavailable', cause: 'the database failed' };
const GARBAGE: TaskAnswer = { error: 'Internal', cause: 'the answer is none' };

/** What each makes of the answer; nothing where the process dies. */
const ANSWERS: Record<FaultKind, TaskAnswer | undefined> = {
  'definite error': DEFINITE,
  'error before': UNAVAILABLE,
  'error after': UNAVAILABLE,
  'garbage before': GARBAGE,
  'garbage after': GARBAGE,
  'crash before': undefined,
  'crash after': undefined,
};

/** What a commit takes. */
const COMMIT_MS = 1;

export interface ServiceProcessParts {
  process: Process;
  service: OwnerService;
  faults: Faults;
  /** The process dies, and comes back some time later. */
  crash(): void;
  /** Told the name of each call that is carried out. */
  onCall(name: string, hasWritten: boolean): void;
}

/** The process of a service: it takes calls, and all can go wrong around their commit. */
export class ServiceProcess {
  readonly #names = new Names();

  constructor(readonly parts: ServiceProcessParts) {}

  get process(): Process {
    return this.parts.process;
  }

  handle(call: StepCall, reply: (answer: TaskAnswer) => void): void {
    const { process, faults, crash } = this.parts;
    const name = this.#names.next(call.name);
    const fault = faults.first(name, faults.draw(`${name} at ${process.name}`), FAULTS);
    process.clock.after(COMMIT_MS, () => {
      const answer = fault && FAULTS_BEFORE.has(fault) ? undefined : this.#perform({ ...call, name });
      const told = fault ? ANSWERS[fault] : answer;
      if (told) reply(told);
      else crash();
    });
  }

  #perform(call: StepCall): TaskAnswer {
    const { process, service } = this.parts;
    const written = service.commits;
    const answer = this.#answer(call, process.clock.now());
    this.parts.onCall(call.name, service.commits > written);
    process.world.tell(`${call.name}: ${process.name} ${call.step} -> ${JSON.stringify(answer)}`);
    return answer;
  }

  #answer(call: StepCall, now: number): TaskAnswer {
    try {
      const answer = this.parts.service.perform(call, now);
      return isRepeat(answer) ? answer : { output: answer };
    } catch (error) {
      if (error instanceof Fault) return { error: error.code, cause: error.detail };
      throw error;
    }
  }
}

const isRepeat = (answer: Json): answer is { repeat: { [name: string]: Json } } => isObject(answer) && isObject(answer['repeat']);
