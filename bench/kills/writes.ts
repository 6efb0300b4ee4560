import type { ServiceName } from '#config';
import type { seededRandom } from '../support/seeded-random.js';

/** One write that a client asks for. */
export interface Write {
  /** Its Idempotency-Key, which is the same however often it is sent. */
  key: string;
  verb: 'create' | 'replace' | 'patch' | 'delete';
  kind: ServiceName;
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** Of what is changed. */
  id?: number;
  ifMatch?: string;
  body?: object;
  /** A name that nothing must have afterwards: the write cannot succeed. */
  doomedName?: string;
  /** The client asks for a stop as soon as it has begun. */
  isStopped?: boolean;
}

type Random = ReturnType<typeof seededRandom>;

const FIRST_DATE = Date.UTC(2030, 0, 1, 20);
const DAY_MS = 86_400_000;
/** Few names and days, so that many writes are about the same things. */
const BANDS = 8;
const VENUES = 6;
const DAYS = 30;
/** An id that nothing has. */
const MISSING_ID = 4_000_000_000;

const MIX: readonly (readonly [share: number, verb: Write['verb'], kind: ServiceName])[] = [
  [52, 'create', 'concerts'],
  [11, 'patch', 'concerts'],
  [5, 'replace', 'concerts'],
  [8, 'delete', 'concerts'],
  [4, 'patch', 'bands'],
  [2, 'replace', 'bands'],
  [2, 'delete', 'bands'],
  [2, 'patch', 'venues'],
  [2, 'delete', 'venues'],
  [2, 'patch', 'events'],
  [2, 'delete', 'events'],
  [3, 'create', 'bands'],
  [3, 'create', 'venues'],
  [2, 'create', 'events'],
];
const ALL_SHARES = MIX.reduce((sum, [share]) => sum + share, 0);

/** Chooses writes of every kind, of what is known to be there. */
export class Writes {
  /** The ETag of each entity that an answer told of. */
  readonly #known: Record<ServiceName, Map<number, string>> = {
    bands: new Map(),
    venues: new Map(),
    events: new Map(),
    concerts: new Map(),
  };
  #made = 0;

  /** @param name begins each key: others than those of all other writes of a system */
  constructor(
    private readonly random: Random,
    private readonly name = 'write',
  ) {}

  next(): Write {
    this.#made += 1;
    const key = `${this.name}-${this.#made}`;
    const [verb, kind] = this.#drawn();
    const id = verb === 'create' ? undefined : this.#one(this.#known[kind]);
    if (id === undefined) return this.#create(key, verb === 'create' ? kind : 'concerts');
    const ifMatch = this.#isChance(0.6) ? '*' : (this.#known[kind].get(id) ?? '*');
    const change = { key, verb, kind, id, ifMatch };
    if (verb === 'delete') return { ...change, method: 'DELETE', path: `/${kind}/${id}${this.#cascade(kind)}` };
    const path = `/${kind}/${id}`;
    if (verb === 'patch') return { ...change, method: 'PATCH', path, body: this.#patch(kind) };
    return { ...change, method: 'PUT', path, body: this.#value(kind) };
  }

  /** Takes what an answer tells of what is there. */
  learnFrom({ kind, id }: Write, { status, text, etag }: { status: number; text: string; etag: string | undefined }): void {
    if (id !== undefined && [204, 404].includes(status)) this.#learn(kind, id, undefined);
    if (status !== 200 && status !== 201) return;
    const record: Record<string, unknown> = JSON.parse(text);
    const known = (member: string, of: ServiceName, tag = '*') => {
      const value = record[member];
      if (typeof value === 'number') this.#learn(of, value, tag);
    };
    known('bandId', 'bands');
    known('venueId', 'venues');
    known('eventId', 'events');
    known('id', kind, etag);
  }

  /** @param etag nothing for what is gone */
  #learn(kind: ServiceName, id: number, etag: string | undefined): void {
    if (etag === undefined) this.#known[kind].delete(id);
    else this.#known[kind].set(id, etag);
  }

  #create(key: string, kind: ServiceName): Write {
    const create = { key, verb: 'create', kind, method: 'POST', path: `/${kind}` } as const;
    if (kind !== 'concerts') return { ...create, body: this.#value(kind) };
    if (!this.#isChance(0.15)) return { ...create, body: this.#value(kind), ...(this.#isChance(0.08) && { isStopped: true }) };
    const doomedName = `Doomed ${key}.`;
    const venue = { ...this.#value('venues'), name: doomedName };
    return { ...create, doomedName, body: { band: { name: doomedName }, venue, event: { id: MISSING_ID }, date: this.#date() } };
  }

  #value(kind: ServiceName): object {
    const number = this.#whole(kind === 'venues' ? VENUES : BANDS);
    switch (kind) {
      case 'bands':
        return { name: `Band ${number}`, genres: [`genre ${this.#whole(99)}`] };
      case 'venues':
        return { name: `Venue ${number}`, latitude: 50 + number / 10, longitude: number / 10 };
      case 'events':
        return { name: `Event ${number}`, kind: 'festival', startDate: FIRST_DATE, endDate: FIRST_DATE + DAYS * DAY_MS };
      case 'concerts':
        return { ...this.#parts(), date: this.#date(), billingIndex: this.#whole(99) };
    }
  }

  #parts(): object {
    const isWithEvent = this.#isChance(0.3);
    return { band: this.#part('bands'), venue: this.#part('venues'), ...(isWithEvent && { event: this.#part('events') }) };
  }

  /** By the id of one that is known, or by value. */
  #part(kind: ServiceName): object {
    const id = this.#isChance(0.3) ? this.#one(this.#known[kind]) : undefined;
    return id === undefined ? this.#value(kind) : { id };
  }

  #patch(kind: ServiceName): object {
    if (kind === 'bands')
      return this.#isChance(0.3) ? { name: `Band ${this.#whole(BANDS)}` } : { genres: [`genre ${this.#whole(99)}`] };
    if (kind === 'venues') return { city: `City ${this.#whole(99)}` };
    if (kind === 'events') return { name: `Event ${this.#whole(BANDS)}` };
    return {
      billingIndex: this.#whole(99),
      ...(this.#isChance(0.3) && { date: this.#date() }),
      ...(this.#isChance(0.3) && { band: this.#part('bands') }),
      ...(this.#isChance(0.2) && { venue: this.#part('venues') }),
      ...(this.#isChance(0.2) && { event: this.#isChance(0.5) ? null : this.#part('events') }),
    };
  }

  #cascade(kind: ServiceName): string {
    return kind !== 'concerts' && this.#isChance(0.5) ? '?cascade=true' : '';
  }

  #drawn(): readonly [Write['verb'], ServiceName] {
    let left = this.random() * ALL_SHARES;
    for (const [share, verb, kind] of MIX) {
      left -= share;
      if (left < 0) return [verb, kind];
    }
    return ['create', 'concerts'];
  }

  #one(known: ReadonlyMap<number, string>): number | undefined {
    return [...known.keys()][this.#whole(known.size) - 1];
  }

  #date(): number {
    return FIRST_DATE + this.#whole(DAYS) * DAY_MS;
  }

  /** From 1 to a number. */
  #whole(most: number): number {
    return 1 + Math.floor(this.random() * most);
  }

  #isChance(chance: number): boolean {
    return this.random() < chance;
  }
}
