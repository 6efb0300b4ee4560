import { hash } from 'node:crypto';
import { byService, type ServiceName, serviceNames } from '#config';
import { Fault } from '#problem';
import { Draw, Faults, Network, type Omitted, Process, type RunResult, World } from '#simulation';
import { inMemoryStores } from '#store';
import { type Checkpoint, completeUntil } from '../checkpoint.js';
import type { ConcertIndices } from '../concert-index.js';
import type { IndexLeader } from '../index-leader.js';
import type { IndexerParts } from '../indexer.js';
import { OwnerServices, storeIdsOf } from '../owner-services.js';
import { reindex } from '../reindex.js';
import { verify } from '../verification.js';
import { Checker } from './checker.js';
import { IndexerProcess } from './indexer-process.js';
import { IndicesLink } from './indices-link.js';
import { MemoryIndices } from './memory-indices.js';
import { OwnerService } from './owner-service.js';
import { callersOf } from './service-link.js';
import { WatchedIndices } from './watched-indices.js';
import { type IndexProtection, namingOneStore, refreshingLater } from './without.js';
import { fill, INDEXERS, type Plan, type PlannedWrite, referenceTo, type Services, type Trouble } from './workload.js';

export interface IndexSimulationOptions {
  /** The protection that is taken out. */
  without: IndexProtection | undefined;
  omitted: Omitted | undefined;
}

const ALIAS = 'concerts';
/** Within this, from when all goes well, the index has what the services have. */
const SETTLED_WITHIN_MS = 120_000;
const LOOK_INTERVAL_MS = 1_000;
/** When all that can still be on its way has arrived. */
const ARRIVED_WITHIN_MS = 400_000;
/** Purges in the time for which a deletion is remembered. */
const PURGES_PER_RETENTION = 20;
const MAX_RESTORING_MS = 1_000;
const RANDOM_STEPS = 2 ** 30;

/** What an indexer may well be told while not all is well. */
const isPassing = (error: unknown): boolean => error instanceof Fault && error.code !== 'Internal';

/** Runs a plan: the same plan and options give the same run, bit for bit. */
export function simulate(plan: Plan, options: IndexSimulationOptions): Promise<RunResult> {
  return new Simulation(plan, options).run();
}

class Simulation {
  readonly #world = new World();
  readonly #faults: Faults;
  readonly #network: Network;
  readonly #memory: MemoryIndices;
  readonly #indices: ConcertIndices;
  readonly #checker: Checker;
  readonly #services: Services;
  readonly #indexers: IndexerProcess[];
  readonly #reindexing = new Set<Process>();
  readonly #defects: string[] = [];
  readonly #endings: AbortController[] = [];
  readonly #writes: readonly PlannedWrite[];
  readonly #refused = new Set<number>();
  #writing = 0;
  #crashes = 0;
  #isAway = false;
  #areFaultsOver = false;
  #isSettled = false;

  constructor(
    private readonly plan: Plan,
    private readonly options: IndexSimulationOptions,
  ) {
    const { seed, intensity, tombstoneRetentionMs } = plan;
    const { omitted = { requests: new Set(), faults: new Set() }, without } = options;
    const world = this.#world;
    this.#faults = new Faults({ seed, intensity, spared: omitted.faults, scripted: undefined });
    this.#network = new Network(world, this.#faults);
    this.#writes = plan.writes.filter(({ name }) => !omitted.requests.has(name));
    const isInMemory = without === 'index-version' || without === 'tombstone-alias';
    this.#memory = new MemoryIndices(world.clock, isInMemory ? { without } : {});
    const parts = (name: ServiceName) => ({
      world,
      faults: this.#faults,
      clockOffsetMs: this.#offsetOf(name),
      defect: (text: string) => this.#defects.push(text),
    });
    this.#services = {
      bands: new OwnerService('bands', inMemoryStores.bands, parts('bands')),
      venues: new OwnerService('venues', inMemoryStores.venues, parts('venues')),
      events: new OwnerService('events', inMemoryStores.events, parts('events')),
      concerts: new OwnerService('concerts', inMemoryStores.concerts, parts('concerts')),
    };
    this.#checker = new Checker({
      world,
      indices: this.#memory,
      histories: () => this.#histories(),
      aheadMs: Math.max(0, ...INDEXERS.map((name) => this.#offsetOf(name))),
      tombstoneRetentionMs,
    });
    const watched = new WatchedIndices(world, this.#memory, this.#checker);
    this.#indices = without === 'refresh-before-checkpoint' ? refreshingLater(watched, world) : watched;
    this.#indexers = INDEXERS.map((name) => {
      const process = this.#process(name);
      process.isUp = false;
      return new IndexerProcess(
        process,
        (run) => this.#partsOf(process, run, without),
        () => this.#ending(),
        (text) => this.#defects.push(text),
      );
    });
  }

  async run(): Promise<RunResult> {
    const { plan } = this;
    const world = this.#world;
    await fill(this.#services, serviceNames, new Draw(plan.seed, 'fill'), plan.concerts);
    for (const indexer of this.#indexers) world.after(1, () => indexer.start());
    for (const write of this.#writes) world.after(write.atMs, () => this.#write(write));
    for (const trouble of plan.troubles) this.#plan(trouble);
    if (plan.night) this.#planNight(plan.night);
    world.after(plan.faultsForMs, () => this.#endFaults());
    try {
      await this.#settle();
      await this.#verify();
      await this.#letAllArrive();
    } catch (error) {
      this.#defects.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    for (const service of this.#allServices) service.close();
    const result = this.#result();
    for (const ending of this.#endings) ending.abort();
    return result;
  }

  /** Asks a process to end: at the latest when the run is over, since signals that are listened to are never collected. */
  #ending(): AbortController {
    const ending = new AbortController();
    this.#endings.push(ending);
    return ending;
  }

  #result(): RunResult {
    const { trace, events } = this.#world;
    return {
      seed: this.plan.seed,
      violations: [...this.#checker.violations, ...this.#defects],
      events,
      crashes: this.#crashes,
      done: { of: 'changes', count: this.#allServices.reduce((sum, { history }) => sum + history.length, 0) },
      // Those who are asked to end when all is over may have something to say.
      trace: [...trace],
      traceHash: hash('sha256', trace.join('\n')),
      faults: this.#faults.struck,
      requests: this.#writes.map(({ name }) => name),
    };
  }

  /** Until all is as it shall be. */
  async #settle(): Promise<void> {
    const world = this.#world;
    this.#isSettled = false;
    const look = () => {
      this.#isSettled =
        this.#areFaultsOver && this.#writing === 0 && this.#reindexing.size === 0 && this.#faultsOfRest().length === 0;
      if (!this.#isSettled) world.after(LOOK_INTERVAL_MS, look);
    };
    look();
    const forMs = Math.max(0, this.#startMs + this.plan.faultsForMs - world.now) + SETTLED_WITHIN_MS;
    const isInTime = await world.run(() => this.#isSettled, forMs);
    if (!isInTime || !this.#isSettled) this.#defects.push(...this.#faultsOfRest().map((fault) => `at the end ${fault}`));
    world.tell('all is settled');
  }

  readonly #startMs = this.#world.now;

  /** What is not yet as it shall be. */
  #faultsOfRest(): string[] {
    const leaders = this.#leaders;
    const current = this.#memory.currentName;
    const others = this.#indexers.filter(({ indexer }) => indexer?.state === 'standing by');
    return [
      ...(leaders.length === 1 ? [] : [`${leaders.length} lead`]),
      ...(others.length === 1 ? [] : [`${others.length} stand by`]),
      ...(leaders.every(({ index }) => index === current) ? [] : [`another index is led than ${current}`]),
      ...(leaders.every(({ checkpoint }) => this.#hasCaughtUp(checkpoint)) ? [] : ['the feeds are not read to their ends']),
      ...this.#checker.differences(leaders.flatMap(({ checkpoint }) => checkpoint.putAside)),
    ];
  }

  get #leaders(): IndexLeader[] {
    return this.#indexers.flatMap(({ indexer }) => indexer?.leader ?? []);
  }

  /** Whether it has read all feeds since all goes well. */
  #hasCaughtUp(checkpoint: Checkpoint): boolean {
    const wellSince = this.#startMs + this.plan.faultsForMs;
    return completeUntil(checkpoint) > wellSince + Math.min(...INDEXERS.map((name) => this.#offsetOf(name)));
  }

  /** The comparison of production finds what the checker finds. */
  async #verify(): Promise<void> {
    const index = this.#memory.currentName;
    const [leader] = this.#leaders;
    if (this.#defects.length > 0 || index === undefined || !leader) return;
    const { checkpoint } = leader;
    const process = this.#process('verification');
    const parts = this.#partsOf(process, 'verification');
    const services = new OwnerServices({ callers: parts.callers, clock: process.clock, run: 'verification' });
    const storeIds = storeIdsOf(this.#histories());
    let isDone = false;
    const { signal } = this.#ending();
    verify({ ground: parts, services, indices: parts.indices, index, storeIds }, signal).then(
      ({ differences }) => {
        isDone = true;
        for (const difference of differences.filter(({ id }) => !checkpoint.putAside.includes(id)))
          this.#defects.push(`verify-index tells of ${JSON.stringify(difference)}`);
      },
      (error: unknown) => this.#defects.push(`verify-index: ${String(error)}`),
    );
    await this.#world.run(() => isDone || this.#defects.length > 0, SETTLED_WITHIN_MS);
    // A reindex may have been killed just now: what it wrote before that is no matter.
    const since = this.#world.now;
    await this.#world.run(() => false, LOOK_INTERVAL_MS);
    const leftovers = [...this.#checker.writtenAt].filter(
      ([name, at]) => name !== index && this.#memory.foundIn(name) && at > since,
    );
    for (const [name] of leftovers) this.#defects.push(`${name} is still written to`);
    if (!isDone) this.#defects.push('verify-index did not end');
  }

  /** What is still on its way comes when nobody waits for it any more, and does no harm. */
  async #letAllArrive(): Promise<void> {
    if (this.#defects.length > 0) return;
    for (const indexer of this.#indexers) indexer.crash();
    await this.#world.run(() => false, ARRIVED_WITHIN_MS);
    for (const indexer of this.#indexers) indexer.start();
    await this.#settle();
  }

  #partsOf(process: Process, run: string, without?: IndexProtection): IndexerParts {
    const freshSince = () => this.#indexers.find((one) => one.process === process)?.followingSince ?? Number.POSITIVE_INFINITY;
    const callers = callersOf({ process, network: this.#network, services: this.#services, freshSince });
    const bits = new Draw(this.plan.seed, `random ${run}`);
    const tell = (fields: object, message: string) => {
      const reason = 'reason' in fields ? `: ${fields.reason}` : '';
      this.#world.tell(`${process.name}: ${message}${reason}`);
    };
    return {
      callers: without === 'store-id' ? namingOneStore(callers) : callers,
      indices: new IndicesLink({
        process,
        indices: this.#indices,
        faults: this.#faults,
        isAway: () => this.#isAway,
        isRefused: (id) => this.#refused.has(id),
      }),
      alias: ALIAS,
      name: process.name,
      tombstoneRetentionMs: this.plan.tombstoneRetentionMs,
      clock: process.clock,
      random: () => bits.between(0, RANDOM_STEPS - 1) / RANDOM_STEPS,
      logger: {
        info: tell,
        warn: tell,
        error: (fields, message) => {
          tell(fields, message);
          if ('err' in fields && !isPassing(fields.err)) this.#defects.push(`${process.name}: ${message}: ${String(fields.err)}`);
        },
      },
      sizes: this.plan.sizes,
    };
  }

  #write({ name, perform }: PlannedWrite): void {
    this.#world.tell(`${name} begins`);
    this.#writing++;
    const pause = (ms: number) => new Promise<void>((resolve) => void this.#world.after(ms, resolve));
    perform({ services: this.#services, pause }).then(
      () => this.#writing--,
      (error: unknown) => this.#defects.push(`${name}: ${String(error)}`),
    );
  }

  #plan(trouble: Trouble): void {
    const { atMs, kind, of, ms } = trouble;
    const name = `${kind} of ${of} at ${atMs}`;
    if (kind === 'restore') {
      for (const service of this.#servicesNamed(of)) this.#world.after(atMs - ms, () => service.backUp());
    }
    this.#world.after(atMs, () => {
      if (this.#areFaultsOver || !this.#faults.isMeant(name)) return;
      this.#world.tell(`${name} (${ms} ms)`);
      this.#befall(trouble, name);
    });
  }

  #befall({ kind, of, ms }: Trouble, name: string): void {
    const services = this.#servicesNamed(of);
    const indexers = this.#indexers.filter(({ process }) => process.name === of);
    const processes = [...services, ...indexers];
    const after = (end: () => void) => this.#world.after(ms, end);
    switch (kind) {
      case 'crash':
        for (const process of processes) this.#restart(process, ms);
        break;
      case 'pause':
        for (const { process } of processes) process.pause(ms);
        break;
      case 'close':
        for (const indexer of indexers) indexer.close();
        for (const indexer of indexers) after(() => this.#restart(indexer, 0));
        break;
      case 'lag':
        for (const service of services) service.lag();
        for (const service of services) after(() => service.catchUp());
        break;
      case 'away':
        this.#isAway = true;
        after(() => {
          this.#isAway = false;
        });
        break;
      case 'reindex':
        this.#reindex(name, ms);
        break;
      case 'index removed':
        if (this.#memory.currentName !== undefined) void this.#indices.remove(this.#memory.currentName);
        break;
      case 'restore':
        for (const service of services) service.restore();
        for (const service of services) this.#restart(service, ms % MAX_RESTORING_MS);
        break;
      case 'wipe':
        this.#wipe(services, name);
        break;
      case 'mapping':
        this.#refused.add(Number(of));
        after(() => this.#refused.delete(Number(of)));
        break;
    }
  }

  /** Killed after a time, if that is not 0. */
  #reindex(name: string, killedAfterMs: number): void {
    const process = this.#process(name);
    this.#reindexing.add(process);
    const ending = reindex(this.#partsOf(process, name, this.options.without), this.#ending().signal, undefined, name);
    const end = () => this.#reindexing.delete(process);
    ending.finally(end).then(
      ({ index }) => this.#world.tell(`${name} has made ${index}`),
      // An index that is filled already, or services that are not well.
      (error: unknown) => {
        this.#world.tell(`${name} ended: ${String(error)}`);
        if (error instanceof TypeError) this.#defects.push(`${name}: ${String(error)}`);
      },
    );
    if (killedAfterMs > 0)
      this.#world.after(killedAfterMs, () => {
        if (end()) process.crash();
      });
  }

  #wipe(services: readonly OwnerService[], name: string): void {
    for (const service of services) {
      service.wipe();
      this.#restart(service, 0);
    }
    const draw = new Draw(this.plan.seed, name);
    const names = services.map((service) => service.name);
    this.#world.after(draw.between(0, 5_000), () => void fill(this.#services, names, draw, this.plan.concerts));
  }

  #restart(process: IndexerProcess | OwnerService, downMs: number): void {
    this.#crashes++;
    process.crash();
    const start = () => {
      if (process.process.isUp) process.crash();
      process.start();
    };
    this.#world.after(downMs, start);
  }

  /** Nobody fills the index for a long time; the services forget what was deleted before. */
  #planNight({ fromMs, ms }: { fromMs: number; ms: number }): void {
    for (const indexer of this.#indexers) this.#world.after(fromMs, () => this.#restart(indexer, ms));
    const everyMs = this.plan.tombstoneRetentionMs / PURGES_PER_RETENTION;
    for (let atMs = everyMs; atMs < fromMs + ms + everyMs; atMs += everyMs) this.#world.after(atMs, () => this.#purge());
  }

  #purge(): void {
    const { concerts } = this.#services;
    for (const service of this.#allServices) {
      // A part that is forgotten while a concert refers to it counts as version 0 then: that is no promise.
      const isReferredTo = service.history.deleted.some(({ id }) =>
        concerts.history.live.some(({ document }) => document?.[referenceTo(service.name)] === id),
      );
      if (isReferredTo) continue;
      const before = service.process.clock.now() - this.plan.tombstoneRetentionMs;
      const limit = Number.MAX_SAFE_INTEGER;
      service.store.feed.purgeTombstones({ before, limit }, { deadline: limit }).then(
        (purged) => {
          if (purged > 0) this.#world.tell(`${service.name} forgets ${purged}`);
          service.note();
        },
        (error: unknown) => this.#defects.push(String(error)),
      );
    }
  }

  #endFaults(): void {
    this.#areFaultsOver = true;
    this.#faults.end();
    this.#world.tell('from now on all goes well');
  }

  #servicesNamed(name: string): OwnerService[] {
    return this.#allServices.filter((service) => name === 'all' || service.name === name);
  }

  get #allServices(): OwnerService[] {
    return serviceNames.map((name) => this.#services[name]);
  }

  #histories() {
    return byService((name) => this.#services[name].history);
  }

  #process(name: string): Process {
    const process = new Process(this.#world, name);
    process.clockOffsetMs = this.#offsetOf(name);
    return process;
  }

  #offsetOf(name: string): number {
    return this.plan.clockOffsetsMs.get(name) ?? 0;
  }
}
