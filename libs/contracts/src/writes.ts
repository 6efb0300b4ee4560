import Type, { type Static, type TSchema } from 'typebox';
import { ConcertDetail, ServicesHealth } from './http.js';
import { BandValue, ConcertPatch, ConcertValue, EventValue, VenueValue } from './participants.js';
import { Band, Concert, Event, Venue } from './records.js';
import { Id, nullable } from './scalars.js';

/** What the REST API of the writes takes and answers. Values and patches of bands, venues and events: participants.ts. */
const closed = { additionalProperties: false };

/** A band, venue or event that is there already. */
export const Reference = Type.Object({ id: Id }, closed);

/** The part of a concert: one that is there, by its id; or its value, which finds the one it names or makes it. */
const given = <S extends TSchema>(value: S) => Type.Union([Reference, value]);

/** An event that is given with a concert: its dates are that of the concert where they are not stated. */
export const EventOfConcert = Type.Object(
  { ...EventValue.properties, ...Type.Partial(Type.Pick(EventValue, ['startDate', 'endDate'])).properties },
  closed,
);

const references = ['bandId', 'venueId', 'eventId'] as const;
const parts = { band: given(BandValue), venue: given(VenueValue), event: Type.Optional(nullable(given(EventOfConcert))) };

/** A concert's own fields, with all that it refers to. */
export const ConcertBody = Type.Object({ ...parts, ...Type.Omit(ConcertValue, references).properties }, closed);
/** A merge patch (RFC 7396) of the same; but a part that is named is replaced whole. */
export const ConcertPatchBody = Type.Partial(
  Type.Object({ ...parts, ...Type.Omit(ConcertPatch, references).properties }, closed),
  closed,
);

/** The concert's own fields as it is stored. */
export const ConcertOwn = Type.Omit(Concert, [...references, 'id', 'version'], closed);

export const Cascade = Type.Object(
  {
    cascade: Type.Optional(
      Type.Enum(['true', 'false'], {
        type: 'string',
        default: 'false',
        description: 'whether the concerts that refer to it are deleted too; without it they forbid the delete',
      }),
    ),
  },
  closed,
);

export const partNames = ['band', 'venue', 'event'] as const;

/** A concert that was written, and which of its parts the write made. */
export const WrittenConcert = Type.Object(
  {
    ...ConcertDetail.properties,
    created: Type.Array(Type.Enum([...partNames], { type: 'string' }), {
      description: 'the parts that were not there before',
    }),
  },
  closed,
);

/** What the state machines that write concerts end with. */
export const ConcertOutput = Type.Object(
  {
    concert: Concert,
    // What is about to be deleted while its concert is changed cannot be shown.
    band: nullable(Band),
    venue: nullable(Venue),
    event: nullable(Event),
    created: Type.Object({ band: Type.Boolean(), venue: Type.Boolean(), event: Type.Boolean() }),
  },
  closed,
);

const ExecutionId = Type.String({ format: 'uuid', description: 'a UUIDv7: later ones sort after earlier ones' });
const ExecutionStatus = Type.Enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'], { type: 'string' });
const Moment = (description: string) => Type.Integer({ description: `${description}: epoch milliseconds` });
const AnyJson = Type.Unknown();

/** Of a write that has not ended yet. */
export const StartedExecution = Type.Object(
  { execution: Type.Object({ id: ExecutionId, status: ExecutionStatus, stateMachine: Type.String() }, closed) },
  closed,
);

export const ExecutionRow = Type.Object(
  {
    id: ExecutionId,
    status: ExecutionStatus,
    stateMachine: Type.String(),
    caller: Type.String({ description: 'the name of the token that asked for it' }),
    startedAt: Moment('when it was asked for'),
    endedAt: nullable(Moment('when it ended')),
    failingSince: nullable(Moment('since when nothing but failures came back')),
    stopRequested: Type.Boolean(),
  },
  closed,
);

/** A line of a history, named as AWS Step Functions names it. */
const HistoryEvent = Type.Object({ type: Type.String(), at: Moment('when it happened'), state: Type.Optional(Type.String()) });

export const ExecutionDetail = Type.Object(
  {
    ...ExecutionRow.properties,
    request: AnyJson,
    output: Type.Optional(AnyJson),
    error: Type.Optional(Type.String()),
    cause: Type.Optional(Type.String()),
    history: Type.Array(HistoryEvent),
  },
  closed,
);

/** Executions of one answer; the rest is behind its `next` link. */
const MAX_EXECUTIONS_PER_PAGE = 1_000;

export const ExecutionSearch = Type.Partial(
  Type.Object({
    status: ExecutionStatus,
    after: Type.String({ format: 'uuid', description: 'only those before this one: from the next link of the page before' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_EXECUTIONS_PER_PAGE, default: 100 }),
  }),
  closed,
);

export const StateMachineRow = Type.Object({ name: Type.String(), comment: Type.String() }, closed);
/** A definition in Amazon States Language. */
export const StateMachine = Type.Object({ StartAt: Type.String(), States: Type.Record(Type.String(), AnyJson) });
export const StateMachineFormat = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(['json', 'mermaid'], { type: 'string', default: 'json', description: 'Amazon States Language, or a diagram' }),
    ),
  },
  closed,
);

/** How the orchestrator is. */
export const OrchestratorReadiness = Type.Object({
  status: Type.Enum(['ready', 'draining', 'unavailable'], { type: 'string' }),
  version: Type.String(),
  writes: Type.String({ description: 'open, or closed and why' }),
  journal: Type.Object({
    up: Type.Boolean(),
    running: Type.Optional(Type.Integer({ description: 'executions under way' })),
    failing: Type.Optional(Type.Integer({ description: 'executions that have come to nothing but failures for an hour' })),
    detail: Type.Optional(Type.String({ description: 'why it is not up' })),
  }),
  services: ServicesHealth,
});

export type Reference = Static<typeof Reference>;
export type EventOfConcert = Static<typeof EventOfConcert>;
export type ConcertOwn = Static<typeof ConcertOwn>;
export type Cascade = Static<typeof Cascade>;
export type ConcertOutput = Static<typeof ConcertOutput>;
export type WrittenConcert = Static<typeof WrittenConcert>;
export type ExecutionRow = Static<typeof ExecutionRow>;
export type ExecutionDetail = Static<typeof ExecutionDetail>;
export type ExecutionSearch = Static<typeof ExecutionSearch>;
export type StateMachineFormat = Static<typeof StateMachineFormat>;
export type OrchestratorReadiness = Static<typeof OrchestratorReadiness>;
