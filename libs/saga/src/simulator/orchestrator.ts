import { type ServiceName, serviceNames } from '#config';
import { Fault } from '#problem';
import type { Process } from '#simulation';
import { Names, type Network } from '#simulation';
import { isObject, type Json } from '../asl/json.js';
import { Engine, type StartRequest } from '../engine.js';
import type { Execution } from '../journal.js';
import type { TaskAnswer, TaskCall, TaskCaller } from '../task.js';
import type { JournalLink } from './journal-link.js';
import type { ServiceProcess } from './service-process.js';

export interface OrchestratorParts {
  process: Process;
  journal: JournalLink;
  network: Network;
  services: Record<ServiceName, ServiceProcess>;
  stateMachines: ReadonlyMap<string, Json>;
  /** Around the input of every call. */
  alterInput(input: Json): Json;
  newId(): string;
  /** What an execution is called in a trace. */
  nameOf(executionId: string): string;
  /** What only a defect can cause. */
  onError(text: string): void;
}

/** What a client is told. */
export type ClientAnswer = { error: string } | Pick<Execution, 'id' | 'status' | 'output' | 'error' | 'cause'>;

const START_TIMEOUT_MS = 5_000;
/** As `Prefer: wait`. */
const WAIT_MS = 2_000;
const STOP_TIMEOUT_MS = 5_000;
const RETENTION_MS = 86_400_000;

/** A process with the engine in it. */
export class Orchestrator {
  #engine: Engine | undefined;
  readonly #names = new Names();

  constructor(private readonly parts: OrchestratorParts) {}

  get process(): Process {
    return this.parts.process;
  }

  start(): void {
    const { process, journal, stateMachines, newId, onError } = this.parts;
    process.start();
    this.#engine = new Engine({
      journal,
      stateMachines,
      call: this.#call,
      clock: process.clock,
      owner: process.name,
      newId,
      logger: {
        info: () => undefined,
        warn: () => undefined,
        error: ({ err }: { err?: unknown }, message) => onError(`${process.name}: ${message}: ${String(err)}`),
      },
      executionRetentionMs: RETENTION_MS,
    });
    void this.#engine.run();
  }

  crash(): void {
    this.#engine = undefined;
    this.process.crash();
  }

  /** Ends as a process does that is told to. */
  close(): void {
    this.process.world.tell(`${this.process.name} closes`);
    void this.#engine?.close();
    this.#engine = undefined;
  }

  /** Takes a request, and answers when its execution has ended or after a while. */
  async accept(request: StartRequest, reply: (answer: ClientAnswer) => void): Promise<void> {
    const { clock } = this.process;
    try {
      if (!this.#engine) throw new Fault('Unavailable', 'it is being closed');
      const engine = this.#engine;
      const { execution } = await engine.start(request, { deadline: clock.now() + START_TIMEOUT_MS });
      const { id, status, output, error, cause } = await engine.ended(execution.id, { deadline: clock.now() + WAIT_MS });
      reply({ id, status, ...(output !== undefined && { output }), ...(error !== undefined && { error, cause }) });
    } catch (error) {
      reply({ error: this.#errorCode(error) });
    }
  }

  async stop(id: string): Promise<void> {
    const { process } = this;
    try {
      await this.#engine?.stop(id, { deadline: process.clock.now() + STOP_TIMEOUT_MS });
    } catch (error) {
      process.world.tell(`${process.name} could not stop: ${this.#errorCode(error)}`);
    }
  }

  readonly #call: TaskCaller = ({ resource, input, memo, executionId, state, attempt }: TaskCall) => {
    const { network, process, services, nameOf, alterInput } = this.parts;
    const name = this.#names.next(`${nameOf(executionId)} ${state} ${attempt}`);
    const [service, step] = targetOf(resource);
    const call = { name, service, step, executionId, input: alterInput(isObject(input) ? { ...input, ...memo } : input) };
    const to = services[service];
    return new Promise<TaskAnswer>((resolve) => {
      const answered = process.bound(resolve);
      const handle = () => to.handle(call, (answer) => network.send(`${name} answered`, process, () => answered(answer)));
      network.send(name, to.process, handle, () => answered({ error: 'Unavailable', cause: `${service} is not there` }));
    });
  };

  #errorCode(error: unknown): string {
    if (error instanceof Fault) return error.code;
    this.parts.onError(`${this.process.name}: ${String(error)}`);
    return 'Internal';
  }
}

/** Who performs a Task, by the name of its Lambda function: `bands-hold` is the call `bands.hold`. */
function targetOf(resource: string): [ServiceName, string] {
  const [service, step] = resource.split(':').at(-1)?.split('-') ?? [];
  const known = serviceNames.find((name) => name === service);
  if (!known || !step) throw new Error(`nobody performs ${resource}`);
  return [known, step];
}
