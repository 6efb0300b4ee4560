import { type ServiceName, serviceNames } from '#config';
import type { BandValue, ConcertValue, EventValue, VenueValue } from '#contracts';
import { Draw, EPOCH_MS } from '#simulation';
import { bandKind, concertKind, type Entity, eventKind, type PlannedRow, venueKind } from '#store';
import type { Json, JsonObject } from '../asl/json.js';

/** What one who asks can know of what is there. */
export interface View {
  live(service: ServiceName): readonly Entity[];
  nextId(service: ServiceName): number;
}

export interface Ask {
  stateMachine: string;
  input: JsonObject;
}

export interface PlannedRequest {
  name: string;
  atMs: number;
  /** When a stop is asked for, if one is. */
  stopAtMs?: number;
  /** What is asked for, once it is time to. */
  choose(view: View): Ask;
}

export interface PlannedImport {
  name: string;
  atMs: number;
  service: ServiceName;
  rows: readonly PlannedRow[];
}

/** What befalls a process, or the journal, at some time. */
export interface Trouble {
  atMs: number;
  kind: 'crash' | 'pause' | 'close' | 'clock jump' | 'outage';
  process: string;
  /** How long it lasts, or how far a clock jumps. */
  ms: number;
}

export interface Plan {
  seed: number;
  intensity: number;
  faultsForMs: number;
  /** How far each process's clock is from the world's. */
  clockOffsetsMs: ReadonlyMap<string, number>;
  requests: readonly PlannedRequest[];
  imports: readonly PlannedImport[];
  troubles: readonly Trouble[];
}

export const ORCHESTRATORS = ['orchestrator-1', 'orchestrator-2'] as const;
export const JOURNAL = 'journal';

const BANDS = ['Able', 'Baker', 'Charlie'];
const VENUES = ['Hall', 'Club'];
const DATES = [1, 2].map((days) => EPOCH_MS + days * 86_400_000);

/** Longer than a lease lasts. */
const PAUSE_MS = [500, 16_000] as const;
const DOWN_MS = [200, 10_000] as const;
/** Far less than an hour: for so long it is remembered by the clock what was undone. */
const CLOCK_JUMP_MS = [-60_000, 60_000] as const;
const CLOCK_OFFSET_MS = [-2_000, 2_000] as const;
const TROUBLES_FROM_TO_MS = [0, 30_000] as const;
/** Requests come in bursts, so that they meet. */
const BURST_MS = 150;

const band = (name: string) => ({ name });
const venue = (name: string) => ({ name, latitude: 52.5, longitude: name.length });
const event = (name: string) => ({ name, kind: 'bill' as const, startDate: EPOCH_MS, endDate: EPOCH_MS });

/** A row of an import, by its natural key or its id. */
export const importedBand = (row: BandValue): PlannedRow => plannedBy(bandKind, row);
const importedVenue = (row: VenueValue): PlannedRow => plannedBy(venueKind, row);
const importedEvent = (row: EventValue, id: number): PlannedRow => ({ ...plannedBy(eventKind, row), id });
const importedConcert = (row: ConcertValue): PlannedRow => plannedBy(concertKind, row);

interface RowKind<Value> {
  key?(value: Value): string;
  complete(value: Value): Record<string, unknown>;
}
const plannedBy = <Value>(kind: RowKind<Value>, row: Value): PlannedRow => ({
  id: undefined,
  key: kind.key?.(row),
  fields: kind.complete(row),
});

/** What there is before anything is asked for. */
export const FIRST_IMPORTS: readonly PlannedImport[] = [
  { name: 'first bands', atMs: 0, service: 'bands', rows: [importedBand(band('Able')), importedBand(band('Baker'))] },
  { name: 'first venue', atMs: 0, service: 'venues', rows: [importedVenue(venue('Hall'))] },
  { name: 'first event', atMs: 0, service: 'events', rows: [importedEvent(event('Night'), 1)] },
  {
    name: 'first concerts',
    atMs: 0,
    service: 'concerts',
    rows: [
      importedConcert({ bandId: 1, venueId: 1, eventId: 1, date: EPOCH_MS }),
      importedConcert({ bandId: 2, venueId: 1, date: EPOCH_MS }),
    ],
  },
];

/** What a seed does. */
export function planOf(seed: number): Plan {
  const draw = new Draw(seed, 'plan');
  const intensity = draw.pick([0, 0.5, 1, 1, 2, 4]);
  const bursts = Array.from({ length: draw.between(1, 4) }, () => draw.between(10, 20_000));
  const requests = Array.from({ length: draw.between(5, 9) }, (_, index) =>
    plannedRequest(seed, `r${index + 1}`, draw.pick(bursts)),
  );
  const imports = draw.chance(0.3) ? [plannedImport(new Draw(seed, 'import'), draw.pick(bursts))] : [];
  const count = Math.round(draw.between(0, 5) * intensity);
  const troubles = Array.from({ length: Math.min(count, 10) }, (_, index) => troubleOf(new Draw(seed, `trouble ${index}`)));
  const clockOffsetsMs = new Map([...ORCHESTRATORS, ...serviceNames].map((name) => [name, draw.within(CLOCK_OFFSET_MS)]));
  return {
    seed,
    intensity,
    faultsForMs: draw.between(10_000, 60_000),
    clockOffsetsMs,
    requests,
    imports: [...FIRST_IMPORTS, ...imports],
    troubles,
  };
}

function troubleOf(draw: Draw): Trouble {
  const atMs = draw.within(TROUBLES_FROM_TO_MS);
  const kind = draw.weighted([
    [4, 'crash'],
    [4, 'pause'],
    [1, 'close'],
    [1, 'clock jump'],
    [1, 'outage'],
  ] as const);
  if (kind === 'outage') return { atMs, kind, process: JOURNAL, ms: draw.within(PAUSE_MS) };
  const process = draw.chance(0.6) || kind === 'close' ? draw.pick(ORCHESTRATORS) : draw.pick(serviceNames);
  return { atMs, kind, process, ms: draw.within(kind === 'pause' ? PAUSE_MS : kind === 'clock jump' ? CLOCK_JUMP_MS : DOWN_MS) };
}

function plannedImport(draw: Draw, burstAtMs: number): PlannedImport {
  const atMs = burstAtMs + draw.between(0, BURST_MS);
  if (draw.chance(0.5)) {
    const genres = draw.chance(0.5) ? ['rock'] : [];
    return { name: 'import', atMs, service: 'bands', rows: [importedBand({ ...band(draw.pick(BANDS)), genres })] };
  }
  return { name: 'import', atMs, service: 'venues', rows: [importedVenue(venue(draw.pick(VENUES)))] };
}

function plannedRequest(seed: number, name: string, burstAtMs: number): PlannedRequest {
  const draw = new Draw(seed, name);
  const atMs = burstAtMs + draw.between(0, BURST_MS);
  const stateMachine = draw.weighted([
    [12, 'create-concert'],
    [4, 'patch-concert'],
    [3, 'replace-concert'],
    [3, 'delete-concert'],
    [3, 'delete-band'],
    [2, 'delete-venue'],
    [1, 'delete-event'],
    [2, 'patch-band'],
    [1, 'patch-venue'],
    [1, 'patch-event'],
    [1, 'replace-band'],
    [1, 'replace-venue'],
    [1, 'replace-event'],
    [1, 'create-band'],
    [1, 'create-venue'],
    [1, 'create-event'],
  ] as const);
  return {
    name,
    atMs,
    ...(draw.chance(0.08) && { stopAtMs: atMs + draw.between(0, draw.chance(0.7) ? 50 : 5_000) }),
    choose: (view) => ({ stateMachine, input: new Choice(new Draw(seed, `${name} input`), view).inputOf(stateMachine) }),
  };
}

/** Says what one request asks for. */
class Choice {
  constructor(
    private readonly draw: Draw,
    private readonly view: View,
  ) {}

  inputOf(stateMachine: string): JsonObject {
    const [verb = '', kind = ''] = stateMachine.split('-');
    const service = serviceOf(kind);
    if (stateMachine === 'create-concert') return { ...this.parts(), concert: this.concert() };
    if (verb === 'create') return { row: this.value(service) };
    const target = this.target(service);
    if (stateMachine === 'replace-concert') return { ...target, ...this.parts(), concert: this.concert() };
    if (stateMachine === 'patch-concert') return { ...target, ...this.patchedParts() };
    if (verb === 'replace') return { ...target, row: this.value(service) };
    if (verb === 'patch') return { ...target, patch: this.patch(service) };
    if (service === 'concerts') return target;
    const cascade = this.draw.chance(0.5);
    return { ...target, cascade, of: { [`${kind}Id`]: target['id'] ?? null }, atMost: cascade ? 100_000 : 0 };
  }

  private target(service: ServiceName): JsonObject {
    const found = this.draw.chance(0.95) && this.someOf(service);
    if (!found) return { id: this.view.nextId(service), expectedVersion: null };
    const { id, version } = found;
    const expectedVersion = this.draw.weighted([
      [5, null],
      [5, version],
      [1, version + 1],
    ]);
    return { id, expectedVersion };
  }

  private someOf(service: ServiceName): Entity | undefined {
    const live = this.view.live(service);
    const unpinned = live.filter(({ saga }) => !saga.pinned);
    if (unpinned.length > 0 && this.draw.chance(0.5)) return this.draw.pick(unpinned);
    return live.length > 0 ? this.draw.pick(live) : undefined;
  }

  private parts(): JsonObject {
    const eventPart = this.draw.chance(0.5) ? null : this.part('events');
    return { band: this.part('bands'), venue: this.part('venues'), event: eventPart };
  }

  private patchedParts(): JsonObject {
    const { draw } = this;
    const bandPart = draw.chance(0.5) ? this.part('bands') : null;
    const venuePart = draw.chance(0.3) ? this.part('venues') : null;
    const eventPart = draw.chance(0.3) ? this.part('events') : null;
    const patch: JsonObject = { billingIndex: draw.between(1, 99) };
    if (draw.chance(0.3)) patch['date'] = draw.pick(DATES);
    if (!eventPart && draw.chance(0.1)) patch['eventId'] = null;
    return { band: bandPart, venue: venuePart, event: eventPart, patch };
  }

  /** By value, by the id of one that is there (of an execution that has not ended, perhaps), or of none. */
  private part(service: ServiceName): JsonObject {
    const found = this.draw.chance(0.4) ? this.someOf(service) : undefined;
    if (found) return { id: found.id };
    if (this.draw.chance(0.06)) return { id: this.view.nextId(service) };
    return { row: this.value(service) };
  }

  private value(service: ServiceName): JsonObject {
    if (service === 'bands') return band(this.draw.pick(BANDS));
    if (service === 'venues') return venue(this.draw.pick(VENUES));
    return event(`Night ${this.draw.between(1, 3)}`);
  }

  private patch(service: ServiceName): JsonObject {
    if (service === 'bands') return this.draw.chance(0.6) ? band(this.draw.pick(BANDS)) : { genres: ['jazz'] };
    if (service === 'venues') return this.draw.chance(0.3) ? { name: this.draw.pick(VENUES) } : { city: 'Berlin' };
    return { name: `Night ${this.draw.between(1, 3)}` };
  }

  private concert(): { [name: string]: Json } {
    return { date: this.draw.pick(DATES), billingIndex: this.draw.between(1, 99) };
  }
}

function serviceOf(kind: string): ServiceName {
  const found = serviceNames.find((service) => service === `${kind}s`);
  if (!found) throw new Error(`there is no service for a ${kind}`);
  return found;
}
