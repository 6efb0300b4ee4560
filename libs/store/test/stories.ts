import type { Band } from '#contracts';
import type { BandStore } from '../src/index.js';
import { soon } from './place.js';
import { Random } from './random.js';
import { endOf, newStep } from './step-keys.js';

/** What a story may have in it, beside executions that make bands and end well or badly. */
export interface Plot {
  seed: number;
  /** Deletes, other names and imports. */
  isWild: boolean;
}

/** How a story went. */
export interface Story {
  /** Each call and how it ended, with ids by the order in which they came up. */
  log: string[];
  /** Everything of it that is there in the end. */
  live: Band[];
  /** Of all ids that came up, those that an execution pinned or an import wrote, and those that were to be deleted. */
  pinned: Set<number>;
  deleted: Set<number>;
  ids: Set<number>;
}

const EXECUTIONS = 6;
/** Turns that one who needs a band waits for it. */
const PATIENCE = 10;
/** Ten times what the longest story takes. */
const MAX_TURNS = 1_000;
const NAMES = 3;

type Call = () => Promise<unknown>;

/**
 * Some executions that share a few names, told step by step: their messages are lost, doubled and late, and each ends by
 * undoing all or by pinning all. When all have ended, what is still on its way arrives.
 */
export async function tellStory(store: BandStore, { seed, isWild }: Plot): Promise<Story> {
  const teller = new Teller(store, seed);
  const actors = Array.from({ length: EXECUTIONS }, () => teller.newActor(isWild));
  let turns = 0;
  for (let open = actors; open.length > 0; open = open.filter((actor) => !actor.hasEnded)) {
    if (++turns > MAX_TURNS) throw new Error(`the story does not end: ${teller.story.log.slice(-10).join('; ')}`);
    await teller.random.pick(open).act();
    if (teller.random.oneIn(3)) await teller.deliverLate();
  }
  while (teller.isAnyLate) await teller.deliverLate();
  return teller.ended();
}

class Teller {
  readonly random: Random;
  readonly story: Omit<Story, 'live'> = { log: [], pinned: new Set(), deleted: new Set(), ids: new Set() };
  private readonly names: string[];
  private readonly late: { name: string; call: Call }[] = [];
  private readonly seen = new Map<number, Band>();

  constructor(
    readonly store: BandStore,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.names = Array.from({ length: NAMES }, (_, index) => `Story ${seed} ${index}.`);
  }

  get isAnyLate(): boolean {
    return this.late.length > 0;
  }

  newActor(isWild: boolean): Actor {
    const Kind = isWild && this.random.oneIn(2) ? this.random.pick([Deleter, Renamer, Importer]) : Maker;
    return new Kind(this, this.random.pick(this.names));
  }

  anyName = (): string => this.random.pick(this.names);

  anyBand(): Band | undefined {
    return this.seen.size > 0 ? this.random.pick([...this.seen.values()]) : undefined;
  }

  /** Sends a message, which may come once more later. @returns how it ended, or nothing when it is lost for now */
  async send(name: string, call: Call): Promise<unknown> {
    const isLost = this.random.oneIn(5);
    if (isLost || this.random.oneIn(3)) this.late.push({ name, call });
    return isLost ? undefined : this.perform(name, call);
  }

  async deliverLate(): Promise<void> {
    const [message] = this.late.splice(this.random.between(0, Math.max(0, this.late.length - 1)), 1);
    if (message) await this.perform(`late ${message.name}`, message.call);
  }

  async ended(): Promise<Story> {
    await this.look();
    const all = await Promise.all(this.names.map((name) => this.store.list({ name, limit: 100 }, soon())));
    return { ...this.story, live: all.flat() };
  }

  private async perform(name: string, call: Call): Promise<unknown> {
    const end = await endOf(call());
    if (typeof end === 'object' && end !== null && 'id' in end && typeof end.id === 'number') this.story.ids.add(end.id);
    this.story.log.push(this.withOrdinals(`${name}: ${JSON.stringify(end)}`));
    await this.look();
    return end;
  }

  /** What a reader sees: a version only rises, and rises whenever anything else changes. */
  private async look(): Promise<void> {
    for (const band of await this.store.byIds([...this.story.ids], soon())) {
      const before = this.seen.get(band.id);
      if (before && before.version > band.version) throw new Error(`the version of ${band.id} fell`);
      if (before?.version === band.version && JSON.stringify(before) !== JSON.stringify(band))
        throw new Error(`the version of ${band.id} is for two contents`);
      this.seen.set(band.id, band);
    }
  }

  private withOrdinals(text: string): string {
    const ids = [...this.story.ids];
    return text.replace(/"id":(\d+)|#(\d+)/g, (_, answered, asked) => `#${ids.indexOf(Number(answered ?? asked))}`);
  }
}

/** One who acts once at a time until it has ended. */
abstract class Actor {
  hasEnded = false;
  private idled = 0;
  protected readonly step = newStep();

  constructor(
    protected readonly teller: Teller,
    protected readonly name: string,
  ) {}

  abstract act(): Promise<void>;

  /** Waits for a band to come up, but not for ever. */
  protected idle(): void {
    this.idled += 1;
    this.hasEnded = this.idled === PATIENCE;
  }

  protected get steps() {
    return this.teller.store.steps;
  }
}

const isTaken = (end: unknown): end is { id: number } => typeof end === 'object' && end !== null && 'id' in end;

/** Creates or holds a band by its name or id; then pins it or, if it could not or something else failed, undoes it. */
class Maker extends Actor {
  private readonly call = this.teller.random.pick(['create', 'hold', 'hold'] as const);
  private readonly heldId = this.teller.random.oneIn(4) ? this.teller.anyBand()?.id : undefined;
  private readonly evenPinned = this.call === 'hold' && this.teller.random.oneIn(3);
  private readonly isToFail = this.teller.random.oneIn(2);
  private generation = 0;
  private state: 'taking' | 'undoing' | { pinning: number } = 'taking';

  async act(): Promise<void> {
    if (this.state === 'taking') return this.take();
    const end = this.state === 'undoing' ? await this.undo() : await this.pin(this.state.pinning);
    if (end === undefined) return;
    this.hasEnded = true;
    if (this.state !== 'undoing') this.teller.story.pinned.add(this.state.pinning);
  }

  private async take(): Promise<void> {
    const { step: stepKey, generation, evenPinned } = this;
    const row = { name: this.name };
    const part = this.heldId === undefined ? { row } : { id: this.heldId };
    const isHold = this.call === 'hold' || this.heldId !== undefined;
    const end = await this.teller.send(isHold ? 'hold' : 'create', () =>
      isHold
        ? this.steps.hold({ stepKey, part, generation, evenPinned }, soon())
        : this.steps.create({ stepKey, row, generation }, soon()),
    );
    if (isTaken(end)) this.state = this.isToFail ? 'undoing' : { pinning: end.id };
    else if (typeof end === 'string' || (end === undefined && this.isToFail)) this.state = 'undoing';
    else if (end !== undefined) this.generation = Object(end).repeat.generation;
  }

  private undo(): Promise<unknown> {
    const { step: stepKey, evenPinned } = this;
    const part = this.heldId === undefined ? { row: { name: this.name } } : { id: this.heldId };
    return this.teller.send('undo', () => this.steps.undo({ stepKey, part, evenPinned }, soon()));
  }

  private pin(id: number): Promise<unknown> {
    return this.teller.send('pin', () => this.steps.pin({ stepKey: this.step, id }, soon()));
  }
}

/** Announces a delete, and does it or takes it back. */
class Deleter extends Actor {
  private band: Band | undefined;
  private state: 'retiring' | 'deleting' | 'unretiring' = 'retiring';

  async act(): Promise<void> {
    this.band ??= this.teller.anyBand();
    if (!this.band) return this.idle();
    const { id, version: expectedVersion } = this.band;
    const step = { stepKey: this.step, id, expectedVersion };
    if (this.state === 'retiring') {
      const end = await this.teller.send('retire', () => this.steps.retire(step, soon()));
      if (end !== undefined) this.state = typeof end === 'string' || this.teller.random.oneIn(3) ? 'unretiring' : 'deleting';
      return;
    }
    if (this.state === 'deleting') {
      this.teller.story.deleted.add(id);
      const end = await this.teller.send('delete', () => this.steps.delete(step, soon()));
      if (typeof end === 'string') this.state = 'unretiring';
      else this.hasEnded = end !== undefined;
      return;
    }
    const end = await this.teller.send('unretire', () => this.steps.unretire({ id, stepKey: this.step }, soon()));
    this.hasEnded = end !== undefined;
  }
}

/** Gives a band another name. */
class Renamer extends Actor {
  private band: Band | undefined;

  async act(): Promise<void> {
    this.band ??= this.teller.anyBand();
    if (!this.band) return this.idle();
    const { id, version: expectedVersion } = this.band;
    const patch = { name: this.name, genres: ['renamed'] };
    const end = await this.teller.send('patch', () =>
      this.steps.patch({ stepKey: this.step, id, expectedVersion, patch }, soon()),
    );
    this.hasEnded = end !== undefined && end !== 'Unavailable';
  }
}

/** Imports a row, with or without an id. */
class Importer extends Actor {
  async act(): Promise<void> {
    const band = this.teller.random.oneIn(2) ? this.teller.anyBand() : undefined;
    const row = { name: this.name, ...(band && { id: band.id }) };
    const [outcome] = await this.teller.store.upsert([row], soon());
    if (outcome) {
      this.teller.story.ids.add(outcome.id);
      this.teller.story.pinned.add(outcome.id);
    }
    this.teller.story.log.push(`import: ${outcome?.outcome}`);
    this.hasEnded = true;
  }
}
