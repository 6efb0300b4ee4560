import Type, { type Static, type TObject, type TSchema } from 'typebox';
import { defineCall } from './call.js';
import { Band, BandRow, Concert, ConcertRow, Event, EventRow, Venue, VenueRow } from './records.js';
import { Id, Version } from './scalars.js';

/**
 * What a saga asks of the services that own its parts. Every write of a saga can come late, twice or never, and says
 * who sends it: its step key, which is the id of the execution, a slash, and what the step is about.
 */

const closed = { additionalProperties: false };

const StepKey = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/[a-z]{1,16}$',
  description: 'the id of the execution, a slash, and what the step is about',
});

/** How often the entity had been deleted when the execution first met it; 0 until a service says another number. */
const Generation = Type.Integer({ minimum: 0 });

/** Change nothing was the answer: the same call is wanted again, with these members beside those that it had. */
const repeatOf = <S extends TSchema>(members: S) => Type.Object({ repeat: members }, closed);
const Regenerated = repeatOf(Type.Object({ generation: Generation }, closed));

/** `created`: it is there because of this step. `held`: it must be pinned or undone by this step. */
const Taken = Type.Object(
  { id: Id, version: Version, created: Type.Boolean(), held: Type.Boolean(), repeat: Type.Optional(Type.Never()) },
  closed,
);

/** A band, venue, event or concert by its id, or by value. */
const partOf = <S extends TSchema>(value: S) =>
  Type.Union([Type.Object({ id: Id }, closed), Type.Object({ row: value }, closed)]);

/** Fields of a merge patch (RFC 7396): any of them, and null for the default of those that have one. */
const patchOf = (row: TObject) =>
  Type.Partial(
    Type.Object(
      Object.fromEntries(
        Object.entries(row.properties).map(([name, schema]) => [
          name,
          row.required?.includes(name) ? schema : Type.Union([schema, Type.Null()]),
        ]),
      ),
    ),
    closed,
  );

const change = { id: Id, stepKey: StepKey, expectedVersion: Version };
const Written = Type.Object({ version: Version }, closed);
const Done = Type.Object({}, closed);

/** The calls of the participant protocol that every one of the four services answers. */
const participantCalls = <R extends TSchema, W extends TObject>(service: string, record: R, value: W) => ({
  /**
   * Makes one that must be new: a live one with its natural key that is not this step's own is a `Conflict`.
   * `Cancelled` after its own undo.
   */
  create: defineCall(
    `${service}.create`,
    Type.Object({ stepKey: StepKey, row: value, generation: Type.Optional(Generation) }, closed),
    Type.Union([Taken, Regenerated]),
  ),
  /**
   * Finds one by id, or by natural key and makes it where there is none, and holds it, so that no undo of another
   * execution takes it away. One that is pinned is held only when `evenPinned`.
   */
  hold: defineCall(
    `${service}.hold`,
    Type.Object(
      {
        stepKey: StepKey,
        part: partOf(value),
        generation: Type.Optional(Generation),
        evenPinned: Type.Optional(Type.Boolean()),
      },
      closed,
    ),
    Type.Union([Taken, Regenerated]),
  ),
  /** Takes back a create or hold of the same step, and whatever of it is still on its way. `live`: others keep it. */
  undo: defineCall(
    `${service}.undo`,
    Type.Object({ stepKey: StepKey, part: partOf(value), evenPinned: Type.Optional(Type.Boolean()) }, closed),
    Type.Object({ live: Type.Boolean() }, closed),
  ),
  /** Ends a hold for good: from now on it stays, whatever other executions undo. */
  pin: defineCall(`${service}.pin`, Type.Object({ stepKey: StepKey, id: Id }, closed), Done),
  replace: defineCall(`${service}.replace`, Type.Object({ ...change, row: value }, closed), record),
  /** A JSON merge patch (RFC 7396) of the fields. */
  patch: defineCall(`${service}.patch`, Type.Object({ ...change, patch: patchOf(value) }, closed), record),
  delete: defineCall(`${service}.delete`, Type.Object(change, closed), Written),
  /**
   * The record, unless it is gone (`NotFound`) or about to be deleted (`Conflict`). For a step that relies on it: unless
   * it could go with a write that has not ended, since it is neither pinned nor held by the step (`Conflict`).
   */
  check: defineCall(`${service}.check`, Type.Object({ id: Id, stepKey: Type.Optional(StepKey) }, closed), record),
});

/** For what concerts refer to: its delete is announced before it is decided. */
const retireCalls = (service: string) => ({
  /**
   * From now on nothing new may refer to it, so that those who do can be counted. A `Conflict` while another execution
   * holds it, which may be about to refer to it; a delete that waits for that marks it `evenHeld`.
   */
  retire: defineCall(`${service}.retire`, Type.Object({ ...change, evenHeld: Type.Optional(Type.Boolean()) }, closed), Done),
  unretire: defineCall(`${service}.unretire`, Type.Object({ id: Id, stepKey: StepKey }, closed), Done),
  /** Whether no other execution holds it; `Unavailable` while one does. */
  unheld: defineCall(`${service}.unheld`, Type.Object({ id: Id }, closed), Done),
});

const withoutId = <W extends TObject>(row: W) => Type.Omit(row, ['id'], closed);

export const BandValue = withoutId(BandRow);
export const VenueValue = withoutId(VenueRow);
export const EventValue = withoutId(EventRow);
export const ConcertValue = withoutId(ConcertRow);
export const BandPatch = patchOf(BandValue);
export const VenuePatch = patchOf(VenueValue);
export const EventPatch = patchOf(EventValue);
export const ConcertPatch = patchOf(ConcertValue);

export const bandSteps = { ...participantCalls('bands', Band, BandValue), ...retireCalls('bands') };
export const venueSteps = { ...participantCalls('venues', Venue, VenueValue), ...retireCalls('venues') };
export const eventSteps = { ...participantCalls('events', Event, EventValue), ...retireCalls('events') };

/** The concerts of one band, venue or event. */
export const ConcertsOf = Type.Union([
  Type.Object({ bandId: Id }, closed),
  Type.Object({ venueId: Id }, closed),
  Type.Object({ eventId: Id }, closed),
]);
/** Concerts that one call of a cascade deletes: a transaction of a few tens of milliseconds. */
export const MAX_CONCERTS_PER_DELETE = 500;

/** How far a cascade has come: how many it deleted, and which it saw to be deleted next. */
const cascaded = {
  deleted: Type.Integer({ minimum: 0 }),
  concerts: Type.Array(Type.Object({ id: Id, version: Version }, closed), { maxItems: MAX_CONCERTS_PER_DELETE }),
};

export const concertSteps = {
  ...participantCalls('concerts', Concert, ConcertValue),
  /** How many concerts refer to it; `Conflict`, naming the number, when they are more than `atMost`. */
  countOf: defineCall(
    'concerts.countOf',
    Type.Object({ of: ConcertsOf, atMost: Type.Integer({ minimum: 0 }) }, closed),
    Type.Object({ count: Type.Integer({ minimum: 0 }) }, closed),
  ),
  /**
   * Deletes the concerts that it is given, as far as they are as they were seen, and wants to be called again with the
   * next that refer to it until none is left; at first it only sees some. So a call that comes when all is over finds no
   * concert as it was. `Unavailable` while all that are left belong to executions that have not ended.
   */
  deleteOf: defineCall(
    'concerts.deleteOf',
    Type.Object({ of: ConcertsOf, stepKey: StepKey, ...Type.Partial(Type.Object(cascaded)).properties }, closed),
    Type.Union([repeatOf(Type.Object(cascaded, closed)), Type.Object({ deleted: cascaded.deleted }, closed)]),
  ),
};

export type BandValue = Static<typeof BandValue>;
export type VenueValue = Static<typeof VenueValue>;
export type EventValue = Static<typeof EventValue>;
export type ConcertValue = Static<typeof ConcertValue>;
export type ConcertsOf = Static<typeof ConcertsOf>;
export type Part<Value> = { id: number } | { row: Value };
export interface Taken {
  id: number;
  version: number;
  created: boolean;
  held: boolean;
}
export interface Repeat<Members> {
  repeat: Members;
}
