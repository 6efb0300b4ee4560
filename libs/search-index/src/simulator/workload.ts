import { type ServiceName, serviceNames } from '#config';
import { Fault } from '#problem';
import { Draw, EPOCH_MS } from '#simulation';
import { type PartName, partNames } from '../owner-services.js';
import type { Sizes } from '../sizes.js';
import type { RecordState } from './history.js';
import { type OwnerService, type Stores, WITHIN } from './owner-service.js';

export type Services = { [Name in ServiceName]: OwnerService<Stores[Name]> };

/** What a write can do while it is under way. */
interface Ground {
  services: Services;
  pause(ms: number): Promise<void>;
}

export interface PlannedWrite {
  name: string;
  atMs: number;
  perform(ground: Ground): Promise<void>;
}

/** What befalls something at some time. */
export interface Trouble {
  atMs: number;
  kind: 'crash' | 'pause' | 'close' | 'lag' | 'away' | 'reindex' | 'index removed' | 'restore' | 'wipe' | 'mapping';
  /** A process, or nothing in particular. */
  of: string;
  /** How long it lasts; for a reindex, when it is killed; for a restore, how old the backup is. */
  ms: number;
}

export interface Plan {
  seed: number;
  intensity: number;
  /** What goes wrong does so until then. */
  faultsForMs: number;
  clockOffsetsMs: ReadonlyMap<string, number>;
  tombstoneRetentionMs: number;
  /** When nobody fills the index. */
  night: { fromMs: number; ms: number } | undefined;
  sizes: Sizes;
  concerts: number;
  writes: readonly PlannedWrite[];
  troubles: readonly Trouble[];
}

export const INDEXERS = ['indexer-1', 'indexer-2'] as const;
const REFERENCES = { bands: 'bandId', venues: 'venueId', events: 'eventId', concerts: '' } as const;

/** The field by which a concert refers to a record of a service; none where it does not. */
export const referenceTo = (service: ServiceName): string => REFERENCES[service];

const FIRST_PARTS = 3;

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Short enough to be lived through, and far longer than Elasticsearch remembers what was removed. */
const SHORT_RETENTION_MS = 1_200_000;
/** So many runs take that long, and much work. */
const LONG = 0.08;
/** Longer than a lease lasts. */
const PAUSE_MS = [500, 16_000] as const;
const DOWN_MS = [200, 10_000] as const;
/** Longer than it is waited for a state that must be there. */
const LAG_MS = [500, 20_000] as const;
const CLOCK_OFFSET_MS = [-2_000, 2_000] as const;
const SOON_MS = [0, 3_000] as const;

/** What a seed does. */
export function planOf(seed: number): Plan {
  const draw = new Draw(seed, 'plan');
  const intensity = draw.pick([0, 0.5, 1, 1, 2, 4]);
  const writingMs = draw.between(2_000, 12_000);
  const isLong = draw.chance(LONG);
  const night = isLong
    ? { fromMs: writingMs + draw.between(0, 3_000), ms: Math.round((SHORT_RETENTION_MS * draw.between(10, 160)) / 100) }
    : undefined;
  const writes = Array.from({ length: draw.between(8, 30) }, (_, index) => {
    const name = `w${index + 1}`;
    const atMs = draw.between(0, writingMs) + (night && draw.chance(0.5) ? night.fromMs + night.ms - draw.between(0, 60_000) : 0);
    return { name, atMs: Math.max(atMs, 0), perform: (ground: Ground) => new Write(seed, index, name, ground).perform() };
  });
  const count = Math.min(Math.round(draw.between(0, 4) * intensity), 8);
  const troubles = Array.from({ length: count }, (_, index) => {
    const trouble = troubleOf(new Draw(seed, `trouble ${index}`), writingMs);
    return night && draw.chance(0.5) ? { ...trouble, atMs: trouble.atMs + night.fromMs + night.ms } : trouble;
  });
  const areClocksRight = draw.chance(0.5);
  return {
    seed,
    intensity,
    faultsForMs: writingMs + draw.between(1_000, 8_000) + (night ? night.fromMs + night.ms : 0),
    clockOffsetsMs: new Map(
      [...INDEXERS, ...serviceNames].map((name) => [name, areClocksRight ? 0 : draw.within(CLOCK_OFFSET_MS)]),
    ),
    tombstoneRetentionMs: isLong ? SHORT_RETENTION_MS : WEEK_MS,
    night,
    sizes: {
      page: draw.between(2, 8),
      bulk: draw.between(2, 6),
      concertsAtOnce: draw.between(1, 4),
      concertsPerBatch: draw.between(6, 30),
      jobs: draw.between(1, 2),
      jobPage: draw.between(1, 3),
    },
    concerts: draw.between(4, 20),
    writes,
    troubles,
  };
}

function troubleOf(draw: Draw, withinMs: number): Trouble {
  const atMs = draw.between(0, withinMs);
  const kind = draw.weighted([
    [8, 'crash'],
    [6, 'pause'],
    [2, 'close'],
    [4, 'lag'],
    [4, 'away'],
    [5, 'reindex'],
    [2, 'index removed'],
    [3, 'restore'],
    [1, 'wipe'],
    [2, 'mapping'],
  ] as const);
  switch (kind) {
    case 'crash':
    case 'pause':
      return {
        atMs,
        kind,
        of: draw.chance(0.65) ? draw.pick(INDEXERS) : draw.pick(serviceNames),
        ms: draw.within(kind === 'pause' ? PAUSE_MS : DOWN_MS),
      };
    case 'close':
      return { atMs, kind, of: draw.pick(INDEXERS), ms: draw.within(DOWN_MS) };
    case 'lag':
      return { atMs, kind, of: draw.pick(serviceNames), ms: draw.within(LAG_MS) };
    case 'restore':
    case 'wipe':
      return { atMs, kind, of: draw.chance(0.5) ? 'all' : draw.pick(serviceNames), ms: draw.between(0, atMs) };
    case 'mapping':
      return { atMs, kind, of: String(draw.between(1, 10)), ms: draw.within(PAUSE_MS) };
    case 'reindex':
      return { atMs, kind, of: '', ms: draw.chance(0.4) ? draw.between(100, 20_000) : 0 };
    default:
      return { atMs, kind, of: '', ms: draw.within(PAUSE_MS) };
  }
}

/** What there is before anything happens, and again in stores that were wiped. */
export async function fill(services: Services, only: readonly ServiceName[], draw: Draw, concerts: number): Promise<void> {
  const ids = Array.from({ length: FIRST_PARTS }, (_, index) => index + 1);
  for (const name of partNames) {
    if (only.includes(name)) await importParts(services, name, ids, 'first');
  }
  if (!only.includes('concerts')) return;
  const rows = Array.from({ length: concerts }, (_, index) => ({ id: index + 1, ...concertOf(draw, ids) }));
  await services.concerts.store.upsert(rows, WITHIN);
  services.concerts.note();
}

async function importParts(services: Services, name: PartName, ids: readonly number[], text: string): Promise<void> {
  const named = ids.map((id) => ({ id, name: `${name} ${id} ${text}` }));
  const placed = { latitude: 52.5, longitude: 13 };
  const dated = { kind: 'bill' as const, startDate: EPOCH_MS, endDate: EPOCH_MS };
  if (name === 'bands') await services.bands.store.upsert(named, WITHIN);
  else if (name === 'venues')
    await services.venues.store.upsert(
      named.map((row) => ({ ...row, ...placed })),
      WITHIN,
    );
  else
    await services.events.store.upsert(
      named.map((row) => ({ ...row, ...dated })),
      WITHIN,
    );
  services[name].note();
}

const concertOf = (draw: Draw, partIds: readonly number[]) => ({
  bandId: draw.pick(partIds),
  venueId: draw.pick(partIds),
  eventId: draw.chance(0.5) ? draw.pick(partIds) : null,
  date: EPOCH_MS + draw.between(0, 400) * DAY_MS,
});

/** How long a write waits for a service that is down. */
const MAX_TRIES = 40;
const TRY_AGAIN_MS = 500;

/** One write, of one or more steps; whatever is there when it comes to it. */
class Write {
  readonly #draw: Draw;

  constructor(
    seed: number,
    private readonly index: number,
    private readonly name: string,
    private readonly ground: Ground,
  ) {
    this.#draw = new Draw(seed, `write ${name}`);
  }

  async perform(): Promise<void> {
    const draw = this.#draw;
    switch (
      draw.weighted([
        [6, 'rename'],
        [2, 'import part'],
        [4, 'import concerts'],
        [7, 'patch'],
        [2, 'move and back'],
        [4, 'delete'],
        [3, 'delete and again'],
        [3, 'create'],
        [1, 'cascade'],
      ] as const)
    ) {
      case 'rename':
        return this.#rename();
      case 'import part':
        return this.#importPart();
      case 'import concerts':
        return this.#importConcerts();
      case 'patch':
        return this.#patch(this.#someConcert(), this.#patchOf());
      case 'move and back':
        return this.#moveAndBack();
      case 'delete':
        return this.#delete(this.#someConcert());
      case 'delete and again':
        return this.#deleteAndAgain();
      case 'create':
        return this.#create();
      case 'cascade':
        return this.#cascade();
    }
  }

  async #rename(): Promise<void> {
    const service = this.#draw.pick(partNames);
    const { live } = this.ground.services[service].history;
    if (live.length === 0) return;
    const { id, version } = this.#draw.pick(live);
    const step = { id, stepKey: this.#stepKey('part'), expectedVersion: version, patch: { name: `${this.name} ${id}` } };
    await this.#on<unknown>(service, (services) => services[service].store.steps.patch(step, WITHIN));
  }

  /** One that is there, or was, or is new. */
  async #importPart(): Promise<void> {
    const service = this.#draw.pick(partNames);
    const { present, deleted } = this.ground.services[service].history;
    const id =
      deleted.length > 0 && this.#draw.chance(0.5) ? this.#draw.pick(deleted).id : this.#draw.between(1, present.size + 1);
    await this.#on(service, (services) => importParts(services, service, [id], this.name));
  }

  async #importConcerts(): Promise<void> {
    const { present, deleted } = this.ground.services.concerts.history;
    const row = () => {
      const id = this.#draw.weighted([
        [3, this.#draw.between(1, present.size + 3)],
        [3, deleted.length > 0 ? this.#draw.pick(deleted).id : undefined],
        [2, undefined],
      ]);
      return { ...(id !== undefined && { id }), ...this.#concert() };
    };
    const rows = Array.from({ length: this.#draw.between(1, 4) }, row);
    await this.#on('concerts', ({ concerts }) => concerts.store.upsert(rows, WITHIN));
  }

  async #moveAndBack(): Promise<void> {
    const concert = this.#someConcert();
    const service = this.#draw.pick(partNames);
    const reference = referenceTo(service);
    const before = concert?.document?.[reference];
    if (!concert || typeof before !== 'number') return;
    await this.#patch(concert, { [reference]: this.#partId(service) });
    await this.ground.pause(this.#draw.within(SOON_MS));
    await this.#patch(this.ground.services.concerts.history.present.get(concert.id), { [reference]: before }, 'back');
  }

  async #deleteAndAgain(): Promise<void> {
    const concert = this.#someConcert();
    if (!concert) return;
    for (let times = this.#draw.between(1, 2); times > 0; times--) {
      await this.#delete(this.ground.services.concerts.history.present.get(concert.id), `delete${'abc'[times]}`);
      await this.ground.pause(this.#draw.within(SOON_MS));
      const row = { id: concert.id, ...this.#concert() };
      await this.#on('concerts', ({ concerts }) => concerts.store.upsert([row], WITHIN));
      await this.ground.pause(this.#draw.within(SOON_MS));
    }
  }

  /** As a saga does: what it makes or finds is held, and then stays, or is taken back. */
  async #create(): Promise<void> {
    const part = { row: { name: `${this.name} ${this.#draw.between(1, 2)}` } };
    const band = { stepKey: this.#stepKey('band'), part };
    const isUndone = this.#draw.chance(0.4);
    const held = await this.#on('bands', async ({ bands }) => {
      const taken = await bands.store.steps.hold(band, WITHIN);
      return 'id' in taken ? taken : undefined;
    });
    if (!held) return;
    await this.ground.pause(this.#draw.within(SOON_MS));
    const row = { ...this.#concert(), bandId: held.id };
    const concert = { stepKey: this.#stepKey('concert'), row };
    const made = await this.#on('concerts', async ({ concerts }) => {
      const taken = await concerts.store.steps.create(concert, WITHIN);
      return 'id' in taken ? taken : undefined;
    });
    await this.ground.pause(this.#draw.within(SOON_MS));
    const { stepKey } = concert;
    if (made && !isUndone) {
      await this.#on('concerts', ({ concerts }) => concerts.store.steps.pin({ stepKey, id: made.id }, WITHIN));
      await this.#on('bands', ({ bands }) => bands.store.steps.pin({ stepKey: band.stepKey, id: held.id }, WITHIN));
    } else {
      await this.#on('concerts', ({ concerts }) => concerts.store.steps.undo({ stepKey, part: { row } }, WITHIN));
      await this.#on('bands', ({ bands }) => bands.store.steps.undo(band, WITHIN));
    }
  }

  /** Deletes a part with all its concerts. */
  async #cascade(): Promise<void> {
    const service = this.#draw.pick(partNames);
    const { live } = this.ground.services[service].history;
    if (live.length < 2) return;
    const { id, version } = this.#draw.pick(live);
    const step = { id, stepKey: this.#stepKey('part'), expectedVersion: version };
    const isRetired = await this.#on(service, async (services) => {
      await services[service].store.steps.retire(step, WITHIN);
      return true;
    });
    if (!isRetired) return;
    const of = { bands: { bandId: id }, venues: { venueId: id }, events: { eventId: id } }[service];
    const { stepKey } = step;
    let more = {};
    for (let isAnyLeft = true; isAnyLeft; ) {
      const done = await this.#on('concerts', ({ concerts }) => concerts.store.deleteOf({ of, stepKey, ...more }, WITHIN));
      isAnyLeft = done !== undefined && 'repeat' in done;
      if (done && 'repeat' in done) more = done.repeat;
      await this.ground.pause(this.#draw.between(0, 300));
    }
    await this.#on(service, (services) => services[service].store.steps.delete(step, WITHIN));
  }

  async #patch(concert: RecordState | undefined, patch: Record<string, unknown>, about = 'concert'): Promise<void> {
    if (!concert?.document) return;
    const step = { id: concert.id, stepKey: this.#stepKey(about), expectedVersion: concert.version, patch };
    await this.#on('concerts', ({ concerts }) => concerts.store.steps.patch(step, WITHIN));
  }

  async #delete(concert: RecordState | undefined, about = 'concert'): Promise<void> {
    if (!concert?.document) return;
    const step = { id: concert.id, stepKey: this.#stepKey(about), expectedVersion: concert.version };
    await this.#on('concerts', ({ concerts }) => concerts.store.steps.delete(step, WITHIN));
  }

  #patchOf(): Record<string, unknown> {
    const { bandId, venueId, eventId, date } = this.#concert();
    return this.#draw.weighted<Record<string, unknown>>([
      [3, { bandId }],
      [3, { venueId }],
      [2, { eventId }],
      [2, { date }],
      [1, { status: this.#draw.pick(['cancelled', 'postponed', 'scheduled']) }],
      [1, { bandId, venueId, eventId, date }],
    ]);
  }

  #concert() {
    const { date } = concertOf(this.#draw, [1]);
    const eventId = this.#draw.chance(0.5) ? this.#partId('events') : null;
    return { bandId: this.#partId('bands'), venueId: this.#partId('venues'), eventId, date };
  }

  /** Mostly of one that is there; an import may name one that is not. */
  #partId(service: PartName): number {
    const { live, present } = this.ground.services[service].history;
    return live.length > 0 && this.#draw.chance(0.9) ? this.#draw.pick(live).id : this.#draw.between(1, present.size + 2);
  }

  #someConcert(): RecordState | undefined {
    const { live } = this.ground.services.concerts.history;
    return live.length > 0 ? this.#draw.pick(live) : undefined;
  }

  #stepKey(about: string): string {
    return `00000000-0000-4000-8000-${String(this.index + 1).padStart(12, '0')}/${about}`;
  }

  /** A step of it, as soon as its service is up. @returns nothing when it was refused */
  async #on<T>(name: ServiceName, step: (services: Services) => Promise<T>): Promise<T | undefined> {
    const { services, pause } = this.ground;
    const service = services[name];
    for (let tries = 0; tries < MAX_TRIES && !service.process.isUp; tries++) await pause(TRY_AGAIN_MS);
    try {
      return await step(services);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'Internal') throw error;
      return undefined;
    } finally {
      service.note();
    }
  }
}
