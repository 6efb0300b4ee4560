import { type Clock, systemClock } from '#clock';
import { byService, type ServiceName, serviceNames } from '#config';
import { bandFeed, type CallContract, concertCalls, concertFeed, eventFeed, makeAjv, venueFeed } from '#contracts';
import { SqliteDatabase } from '#database';
import { toFault } from '#problem';
import { type Faults, Process, type World } from '#simulation';
import { embeddedMigrations, type Feed, type inMemoryStores } from '#store';
import { History } from './history.js';

/** Time is over when the caller says so. */
export const WITHIN = { deadline: Number.MAX_SAFE_INTEGER };
const STALE_ANSWER = 0.5;

const CONTRACTS: readonly CallContract[] = [
  ...[bandFeed, venueFeed, eventFeed, concertFeed].flatMap((feed) => Object.values(feed)),
  concertCalls.find,
];
const ajv = makeAjv();
const isRequestOf = new Map(CONTRACTS.map(({ name, request }) => [name, ajv.compile(request)]));

/** To be copied: that takes a tenth of the time in which the schema is made. */
const emptyStores = byService((name) =>
  SqliteDatabase.inMemory(embeddedMigrations[name], { storeId: 'none', clock: systemClock }),
);

interface AnyStore {
  feed: Feed<unknown>;
}

/** The services, each with the type of its store. */
export type Stores = { [Name in ServiceName]: ReturnType<(typeof inMemoryStores)[Name]> };

/**
 * The process of a service and its store: the modules of production on a database in memory. The database outlives the
 * process, and is now and then replaced by an older copy of it.
 */
export class OwnerService<Store extends AnyStore = AnyStore> {
  readonly process: Process;
  store: Store;
  /** Of the store that answers now. */
  history: History;
  #database: SqliteDatabase;
  #lagging: { store: Store; since: number } | undefined;
  #backup: { database: SqliteDatabase; history: History } | undefined;
  #stores = 0;
  readonly #databases: SqliteDatabase[] = [];

  /** @param serve makes the store of a database */
  constructor(
    readonly name: ServiceName,
    private readonly serve: (db: SqliteDatabase) => Store,
    private readonly parts: { world: World; faults: Faults; clockOffsetMs: number; defect(text: string): void },
  ) {
    this.process = new Process(parts.world, name);
    this.process.clockOffsetMs = parts.clockOffsetMs;
    this.#database = this.#opened(emptyStores[name]);
    this.store = serve(this.#database);
    this.history = new History(name, this.#database);
  }

  /** Answers a call as its process would. @param freshSince states that are told are not older @throws Fault */
  async answer(name: string, contract: CallContract, request: unknown, freshSince: number): Promise<unknown> {
    const isValid = isRequestOf.get(contract.name);
    if (!isValid?.(request)) this.parts.defect(`${contract.name} is asked ${JSON.stringify(request)}`);
    const [, call = ''] = contract.name.split('.');
    const mayBeStale = call === 'states' && this.#lagging && this.#lagging.since > freshSince;
    const isStale = mayBeStale && this.parts.faults.draw(`${name} stale`).chance(STALE_ANSWER);
    const store = (isStale && this.#lagging?.store) || this.store;
    const answering: object = Reflect.has(store.feed, call) ? store.feed : store;
    const method: unknown = Reflect.get(answering, call);
    if (typeof method !== 'function') throw new TypeError(`${this.name} does not answer to ${call}`);
    try {
      return await method.call(answering, request, WITHIN);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === 'Internal') this.parts.defect(`${name}: ${fault.cause ?? fault.detail}`);
      throw fault;
    }
  }

  /** What was written since the last time is noted. */
  note(): void {
    this.history.note(this.parts.world.now);
  }

  crash(): void {
    this.process.crash();
  }

  /** Nobody waits for changes in the new process. */
  start(): void {
    this.store = this.serve(this.#database);
    this.process.start();
  }

  /** From now on some answers are as old as this moment. */
  lag(): void {
    this.#lagging = { store: this.serve(this.#copy(this.#database.identity.storeId)), since: this.parts.world.now };
  }

  catchUp(): void {
    this.#lagging = undefined;
  }

  backUp(): void {
    this.#backup = { database: this.#copy(this.#database.identity.storeId), history: this.history.copy() };
  }

  /** The store is as it was when it was backed up, and another one for who reads its feed. */
  restore(): void {
    if (!this.#backup) return;
    const { database, history } = this.#backup;
    this.#replaceBy(this.#opened(database), history);
  }

  wipe(): void {
    this.#replaceBy(this.#opened(emptyStores[this.name]), undefined);
  }

  close(): void {
    for (const database of this.#databases) database.close();
  }

  #replaceBy(database: SqliteDatabase, history: History | undefined): void {
    this.#lagging = undefined;
    this.#database = database;
    this.store = this.serve(database);
    this.history = history ? history.on(database) : new History(this.name, database);
  }

  #copy(storeId: string): SqliteDatabase {
    return this.#keep(SqliteDatabase.inMemory(this.#database, { storeId, clock: this.#clock }));
  }

  #opened(content: SqliteDatabase): SqliteDatabase {
    const count = String(++this.#stores).padStart(12, '0');
    const storeId = `0000000${serviceNames.indexOf(this.name)}-0000-4000-8000-${count}`;
    return this.#keep(SqliteDatabase.inMemory(content, { storeId, clock: this.#clock }));
  }

  #keep(database: SqliteDatabase): SqliteDatabase {
    this.#databases.push(database);
    return database;
  }

  /** It shows what that of the process does, and goes on when that is killed. */
  get #clock(): Clock {
    return { ...this.parts.world.clock, now: this.process.clock.now };
  }
}
