import { hash } from 'node:crypto';
import { byService, type ServiceName } from '#config';
import { Faults, Network, type Omitted, Process, type RunResult, World } from '#simulation';
import type { Json } from '../asl/json.js';
import type { Execution } from '../journal.js';
import { type OrderedCommit, type RecordedExecution, violationsOf } from './checker.js';
import { CALLER, Client } from './client.js';
import { JournalLink } from './journal-link.js';
import { MemoryJournal } from './memory-journal.js';
import { Orchestrator } from './orchestrator.js';
import { type Commit, OwnerService } from './owner-service.js';
import { ServiceProcess } from './service-process.js';
import { type Parts, type Protection, partsWithout } from './without.js';
import { type Ask, JOURNAL, ORCHESTRATORS, type Plan, type PlannedRequest, type Trouble, type View } from './workload.js';

export interface SimulationOptions {
  /** As `machinesWithout` gives them. */
  stateMachines: ReadonlyMap<string, Json>;
  /** The protection that is taken out. */
  without: Protection | undefined;
  omitted: Omitted | undefined;
  /** Instead of faults by chance, those and no others. */
  scripted: ReadonlySet<string> | undefined;
}

export interface SimulationResult extends RunResult {
  /** The names of the calls that services carried out. */
  calls: readonly string[];
  /** Of those that wrote something, and of the journal's writes of executions. */
  writes: readonly string[];
}

/** When all that can still be on its way has arrived, and every step was given up or done. */
const QUIET_WITHIN_MS = 1_800_000;
/** Of UUIDs of version 7, made at one moment. */
const ID_PREFIX = '01a31800-0000-7000-8000-';
const RESTART_MS = [300, 8_000] as const;

/** Runs a plan: the same plan and options give the same run, bit for bit. */
export function simulate(plan: Plan, options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(plan, options).run();
}

class Simulation {
  readonly #world = new World();
  readonly #faults: Faults;
  readonly #network: Network;
  readonly #journal: MemoryJournal;
  readonly #services: Record<ServiceName, OwnerService>;
  readonly #processes: Record<ServiceName, ServiceProcess>;
  readonly #links: JournalLink[] = [];
  readonly #orchestrators: Orchestrator[];
  readonly #clients: Client[] = [];
  readonly #asks = new Map<string, Ask>();
  readonly #commits: OrderedCommit[] = [];
  readonly #ended = new Map<string, number>();
  readonly #names = new Map<string, string>();
  readonly #calls: string[] = [];
  readonly #writes: string[] = [];
  readonly #defects: string[] = [];
  readonly #plannedRequests: readonly PlannedRequest[];
  #written = 0;
  #ids = 0;
  #crashes = 0;
  #isJournalDown = false;
  #areFaultsOver = false;

  constructor(
    private readonly plan: Plan,
    private readonly options: SimulationOptions,
  ) {
    const { seed, intensity } = plan;
    const { omitted = { requests: new Set(), faults: new Set() }, scripted } = options;
    this.#faults = new Faults({ seed, intensity, spared: omitted.faults, scripted });
    this.#network = new Network(this.#world, this.#faults);
    this.#plannedRequests = plan.requests.filter(({ name }) => !omitted.requests.has(name));
    this.#journal = new MemoryJournal((execution) => this.#onExecution(execution));
    const parts = partsWithout(options.without);
    this.#services = byService((name) => new OwnerService(name, parts.decide, (commit) => this.#onCommit(commit)));
    this.#processes = byService((name) => this.#serviceProcess(this.#services[name]));
    this.#orchestrators = ORCHESTRATORS.map((name) => this.#orchestrator(name, parts));
  }

  async run(): Promise<SimulationResult> {
    const { plan } = this;
    for (const { atMs, service, rows } of plan.imports)
      this.#world.after(atMs, () => this.#services[service].import(rows, this.#world.now));
    for (const orchestrator of this.#orchestrators) this.#world.after(1, () => orchestrator.start());
    for (const request of this.#plannedRequests) this.#world.after(request.atMs, () => this.#ask(request));
    for (const trouble of plan.troubles) this.#world.after(trouble.atMs, () => this.#befall(trouble));
    this.#world.after(plan.faultsForMs, () => this.#endFaults());
    const isQuiet = await this.#happen();
    return this.#result(isQuiet);
  }

  /** @returns whether all ended in time */
  async #happen(): Promise<boolean> {
    try {
      const isQuiet = await this.#world.run(() => this.#isQuiet(), this.plan.faultsForMs + QUIET_WITHIN_MS);
      // What is still on its way arrives when nobody waits for it any more.
      for (const orchestrator of this.#orchestrators) orchestrator.crash();
      await this.#world.run(() => false, QUIET_WITHIN_MS);
      return isQuiet;
    } catch (error) {
      this.#defects.push(String(error));
      return false;
    }
  }

  #isQuiet(): boolean {
    if (this.#clients.length < this.#plannedRequests.length || this.#ended.size < this.#names.size) return false;
    return this.#clients.every(({ isDone }) => isDone) && this.#links.every(({ pendingWrites }) => pendingWrites === 0);
  }

  #result(isQuiet: boolean): SimulationResult {
    const executions = this.#journal.executions.map((execution) => this.#recorded(execution));
    const answers = new Map(this.#clients.map(({ name, answers: told }) => [name, told]));
    const broken = violationsOf({ commits: this.#commits, executions, asks: this.#asks, answers });
    const { trace, events } = this.#world;
    return {
      seed: this.plan.seed,
      violations: [...(isQuiet ? [] : ['the world did not become quiet']), ...this.#defects, ...broken],
      done: { of: 'executions', count: executions.length },
      events,
      crashes: this.#crashes,
      trace,
      traceHash: hash('sha256', trace.join('\n')),
      faults: this.#faults.struck,
      calls: this.#calls,
      writes: this.#writes,
      requests: this.#plannedRequests.map(({ name }) => name),
    };
  }

  #recorded(execution: Execution): RecordedExecution {
    return { ...execution, name: this.#nameOf(execution.id), endedAtOrder: this.#ended.get(execution.id) };
  }

  #ask(request: PlannedRequest): void {
    const view: View = {
      live: (service) => this.#services[service].live,
      nextId: (service) => this.#services[service].nextId,
    };
    const { name, stopAtMs, atMs } = request;
    const ask = request.choose(view);
    this.#asks.set(name, ask);
    this.#world.tell(`${name}: ${ask.stateMachine} ${JSON.stringify(ask.input)}`);
    const process = new Process(this.#world, name);
    const client = new Client(name, ask, {
      process,
      orchestrators: this.#orchestrators,
      network: this.#network,
      faults: this.#faults,
    });
    this.#clients.push(client);
    client.ask();
    if (stopAtMs !== undefined) this.#world.after(stopAtMs - atMs, () => this.#stop(name));
  }

  #stop(name: string): void {
    const id = this.#journal.idOfKey(CALLER, name);
    const orchestrator = this.#faults.draw(`stop ${name}`).pick(this.#orchestrators);
    if (id !== undefined) this.#network.send(`stop ${name}`, orchestrator.process, () => void orchestrator.stop(id));
  }

  #befall({ kind, process: name, ms, atMs }: Trouble): void {
    if (this.#areFaultsOver || !this.#faults.isMeant(`${kind} of ${name} at ${atMs}`)) return;
    const orchestrator = this.#orchestrators.find(({ process }) => process.name === name);
    const service = Object.values(this.#processes).find(({ process }) => process.name === name);
    const process = orchestrator?.process ?? service?.process;
    if (kind === 'outage') this.#journalOutage(ms);
    else if (kind === 'pause') process?.pause(ms);
    else if (kind === 'clock jump' && process) this.#jump(process, ms);
    else if (orchestrator) this.#stopOrchestrator(orchestrator, kind === 'close' ? 'close' : 'crash', ms);
    else if (process) this.#crashService(process, ms);
  }

  #journalOutage(ms: number): void {
    this.#world.tell(`${JOURNAL} is away for ${ms} ms`);
    this.#isJournalDown = true;
    this.#world.after(ms, () => {
      this.#isJournalDown = false;
    });
  }

  #jump(process: Process, ms: number): void {
    process.clockOffsetMs += ms;
    this.#world.tell(`the clock of ${process.name} jumps by ${ms} ms`);
  }

  #stopOrchestrator(orchestrator: Orchestrator, how: 'crash' | 'close', downMs: number): void {
    const { process } = orchestrator;
    if (!process.isUp) return;
    this.#crashes++;
    if (how === 'close') orchestrator.close();
    else orchestrator.crash();
    this.#world.after(downMs, () => {
      if (process.isUp) orchestrator.crash();
      orchestrator.start();
    });
  }

  #crashService(process: Process, downMs: number): void {
    if (!process.isUp) return;
    this.#crashes++;
    process.crash();
    this.#world.after(downMs, () => process.start());
  }

  #endFaults(): void {
    this.#areFaultsOver = true;
    this.#faults.end();
    this.#world.tell('from now on all goes well');
  }

  #serviceProcess(service: OwnerService): ServiceProcess {
    const process = this.#process(service.name);
    const crash = () => this.#crashService(process, this.#restartMs(process));
    const onCall = (name: string, hasWritten: boolean) => {
      this.#calls.push(name);
      if (hasWritten) this.#writes.push(name);
    };
    return new ServiceProcess({ process, service, faults: this.#faults, crash, onCall });
  }

  #orchestrator(name: string, { journal, input }: Parts): Orchestrator {
    const process = this.#process(name);
    process.isUp = false;
    const link = new JournalLink({
      process,
      journal: journal(this.#journal),
      faults: this.#faults,
      isDown: () => this.#isJournalDown,
      crash: () => this.#stopOrchestrator(orchestrator, 'crash', this.#restartMs(process)),
      onWrite: (write) => this.#writes.push(write),
    });
    this.#links.push(link);
    const orchestrator: Orchestrator = new Orchestrator({
      process,
      journal: link,
      network: this.#network,
      services: this.#processes,
      stateMachines: this.options.stateMachines,
      alterInput: input,
      newId: () => this.#newId(),
      nameOf: (executionId) => this.#nameOf(executionId),
      onError: (text) => this.#defects.push(text),
    });
    return orchestrator;
  }

  #process(name: string): Process {
    const process = new Process(this.#world, name);
    process.clockOffsetMs = this.plan.clockOffsetsMs.get(name) ?? 0;
    return process;
  }

  #restartMs(process: Process): number {
    return this.#faults.draw(`${process.name} restarts ${this.#crashes}`).within(RESTART_MS);
  }

  #newId(): string {
    return `${ID_PREFIX}${(++this.#ids).toString(16).padStart(12, '0')}`;
  }

  #nameOf(executionId: string): string {
    return this.#names.get(executionId) ?? executionId;
  }

  #onExecution({ id, status, idempotencyKey }: Execution): void {
    this.#names.set(id, idempotencyKey.key);
    this.#written++;
    if (status !== 'RUNNING' && !this.#ended.has(id)) this.#ended.set(id, this.#written);
  }

  #onCommit(commit: Commit): void {
    this.#commits.push({ ...commit, order: ++this.#written });
  }
}
