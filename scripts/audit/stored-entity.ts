import { isDeepStrictEqual } from 'node:util';
import Type, { type Static } from 'typebox';
import type { ServiceName } from '#config';
import { makeAjv, quoted } from '#contracts';
import { type Form, layouts } from './layouts.js';

const closed = { additionalProperties: false };
const StepKey = Type.String({ minLength: 1 });
const Count = Type.Integer({ minimum: 0 });

/** What an entity knows of the executions around it. */
const SagaState = Type.Object(
  {
    deleted: Type.Boolean(),
    generation: Count,
    pinned: Type.Boolean(),
    holders: Type.Array(StepKey, { uniqueItems: true }),
    released: Type.Array(Type.Object({ stepKey: StepKey, at: Type.Number() }, closed)),
    retiring: Type.Union([StepKey, Type.Null()]),
    lastSteps: Type.Array(Type.Object({ version: Count, stepKey: StepKey, at: Type.Number() }, closed)),
  },
  closed,
);
type SagaState = Static<typeof SagaState>;
const isSaga = makeAjv().compile<SagaState>(SagaState);

/** An import wrote it, and no execution has had to do with it since. */
const UNTOUCHED: SagaState = {
  deleted: false,
  generation: 0,
  pinned: true,
  holders: [],
  released: [],
  retiring: null,
  lastSteps: [],
};

/** A band, venue, event or concert, or what is left of one, as it is stored. */
export interface StoredEntity {
  id: number;
  /** It lies among the deleted ones. */
  isDeleted: boolean;
  version: number;
  /** None of a deleted one, nor where they cannot be read. */
  fields: Readonly<Record<string, unknown>>;
  saga: SagaState;
  /** How it disagrees with itself, a sentence each. */
  torn: string[];
}

/** A row or document that nobody has made sense of yet. */
export interface RawEntity {
  id: number;
  isDeleted: boolean;
  version: unknown;
  /** Nothing where there is none, or none that can be read. */
  document: object | undefined;
  saga: unknown;
  twin: unknown;
  /** What stands beside the document for the indexes. */
  beside: Readonly<Record<string, unknown>>;
}

/** The last version that there can be. */
const MAX_VERSION = 2 ** 24;

export function readEntity(kind: ServiceName, form: Form, raw: RawEntity): StoredEntity {
  const { id, isDeleted, version, document, saga, twin } = raw;
  const known = saga ?? UNTOUCHED;
  const isKnown = isSaga(known);
  const fields = document && !isDeleted ? layouts[kind].completed(document) : {};
  return {
    id,
    isDeleted,
    version: typeof version === 'number' ? version : 0,
    fields,
    saga: isKnown ? known : UNTOUCHED,
    torn: [
      ...(isKnown ? [] : ['what it knows of executions cannot be read']),
      ...(twin === 0 || twin === id || twin === undefined ? [] : [`it is a twin of ${String(twin)}, not its own`]),
      ...versionFaults(raw),
      ...(isDeleted ? remains(document) : recordFaults(kind, form, { ...raw, fields })),
    ],
  };
}

function versionFaults({ version, isDeleted }: RawEntity): string[] {
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0) return [`its version is ${quoted(version)}`];
  if (version > MAX_VERSION) return [`its version ${version} is beyond the last that there can be`];
  return version === 0 && !isDeleted ? ['it is live with version 0'] : [];
}

const remains = (document: object | undefined): string[] => (document ? ['it is deleted and still has fields'] : []);

function recordFaults(
  kind: ServiceName,
  form: Form,
  { id, version, document, beside, fields }: RawEntity & { fields: object },
): string[] {
  if (!document) return ['its document cannot be read'];
  if ('id' in document && document.id !== id) return [`its document is that of ${quoted(document.id)}`];
  const read = layouts[kind].read({ id, ...fields, version }, form);
  if (read.faults) return read.faults.map((fault) => `its document is no record: ${fault}`);
  return Object.entries(read.beside)
    .filter(([name, value]) => !isDeepStrictEqual(plain(beside[name]), plain(value)))
    .map(([name, value]) => `${name} is ${quoted(plain(beside[name]))} beside a document that makes it ${quoted(plain(value))}`);
}

/** So that two of them can be compared: bytes as text, what is missing as null. */
const plain = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value ?? null));
