import Type, { type Static } from 'typebox';
import { makeAjv } from '#contracts';

const Time = Type.Union([Type.Number(), Type.Null()]);

/** The part of an execution that an audit looks at, as it stands in its JSON text. */
const Told = Type.Object({
  id: Type.String(),
  stateMachine: Type.String(),
  definitionHash: Type.String(),
  idempotencyKey: Type.Object({ caller: Type.String(), key: Type.String(), expiresAt: Type.Number() }),
  request: Type.Unknown(),
  status: Type.Enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED'], { type: 'string' }),
  cursor: Type.Unknown(),
  commands: Type.Array(Type.Unknown()),
  failingSince: Time,
  events: Type.Integer({ minimum: 0 }),
  startedAt: Type.Number(),
  endedAt: Time,
  output: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
});
type Told = Static<typeof Told>;
const isTold = makeAjv().compile<Told>(Told);

/** An execution as it is stored: what its text tells, and what stands beside it. */
export interface StoredExecution extends Told {
  dueAt: number | null;
  /** The key that it has, if a later one has not taken it over. */
  heldKey: { caller: string; key: string } | undefined;
  /** Lines of its history. */
  lines: number;
  /** Where the text and what stands beside it disagree, a sentence each. */
  torn: string[];
}

/** A row or document of the journal that nobody has made sense of yet. */
export interface RawExecution {
  id: string;
  rest: unknown;
  status: unknown;
  dueAt: unknown;
  failingSince: unknown;
  endedAt: unknown;
  caller: unknown;
  key: unknown;
  lines: number;
}

/** @returns nothing when its text cannot be read */
export function readExecution(raw: RawExecution): StoredExecution | undefined {
  const told = parsed(raw.rest);
  if (!isTold(told)) return undefined;
  const { caller, key } = raw;
  const heldKey = typeof caller === 'string' && typeof key === 'string' ? { caller, key } : undefined;
  const isOtherKey = heldKey && (heldKey.caller !== told.idempotencyKey.caller || heldKey.key !== told.idempotencyKey.key);
  const besides = ['id', 'status', 'failingSince', 'endedAt'] as const;
  return {
    ...told,
    dueAt: typeof raw.dueAt === 'number' ? raw.dueAt : null,
    heldKey,
    lines: raw.lines,
    torn: [
      ...besides
        .filter((name) => raw[name] !== told[name])
        .map((name) => `${name} is ${String(raw[name])} beside a text that says ${String(told[name])}`),
      ...(isOtherKey ? ['it has the key of another one'] : []),
    ],
  };
}

/** What a JSON text says; undefined when it is none. */
export function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
