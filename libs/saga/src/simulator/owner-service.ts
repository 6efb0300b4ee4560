import type { ServiceName } from '#config';
import {
  bandSteps,
  type CallContract,
  type ConcertsOf,
  concertSteps,
  eventSteps,
  makeAjv,
  type RequestOf,
  venueSteps,
} from '#contracts';
import {
  afterDelete,
  assertAtMost,
  bandKind,
  concertKind,
  type Decision,
  type Draft,
  deletionsOf,
  type Entity,
  eventKind,
  type Known,
  type PlannedRow,
  planUpsert,
  referenceOf,
  type Step,
  stepsOf,
  venueKind,
} from '#store';
import type { Json } from '../asl/json.js';

/** One call of a step of the participant protocol. */
export interface StepCall {
  /** By which it is known in a trace. */
  name: string;
  service: ServiceName;
  step: string;
  input: Json;
  executionId: string;
}

/** What was written to one entity, by a step or, without an execution, by an import. */
export interface Commit {
  service: ServiceName;
  step: string;
  executionId: string | undefined;
  before: Entity | undefined;
  after: Entity;
}

/** How it is decided what a step comes to: as in production, or with something taken out of it. */
export type DecideStep = (step: Step, known: Known, now: number, call: StepCall) => Decision<unknown>;

/** Small, so that a cascade takes more than one call. */
const CONCERTS_PER_DELETE = 2;

const STEPS = {
  bands: stepsOf(bandKind),
  venues: stepsOf(venueKind),
  events: stepsOf(eventKind),
  concerts: stepsOf(concertKind),
};
const CONTRACTS: Record<ServiceName, Record<string, CallContract>> = {
  bands: bandSteps,
  venues: venueSteps,
  events: eventSteps,
  concerts: concertSteps,
};

/** A service that owns one kind of record, over a database in memory: every call of it is one commit. */
export class OwnerService {
  readonly entities = new Map<number, Entity>();
  /** How many writes there were. */
  commits = 0;

  constructor(
    readonly name: ServiceName,
    private readonly decide: DecideStep,
    private readonly onCommit: (commit: Commit) => void,
  ) {}

  /** Those that a reader sees. */
  get live(): Entity[] {
    return [...this.entities.values()].filter(({ saga }) => !saga.deleted);
  }

  /** The id that the next new one gets. */
  get nextId(): number {
    return this.entities.size + 1;
  }

  /** @throws Fault */
  perform(call: StepCall, now: number): Json {
    const contract = CONTRACTS[this.name][call.step];
    if (!contract || !isOf(contract, 'request', call.input)) throw new Error(`${call.name} asks for ${JSON.stringify(call)}`);
    const answer = asJson(this.#answer(call, now));
    if (!isOf(contract, 'reply', answer)) throw new Error(`${call.name} is answered ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Writes rows as an import does. */
  import(rows: readonly PlannedRow[], now: number): void {
    this.#write(planUpsert(rows, [...this.entities.values()], now).writes, { step: 'import', executionId: undefined });
  }

  #answer(call: StepCall, now: number): unknown {
    if (isRequest(concertSteps.countOf, call)) return this.#countOf(call.input);
    if (isRequest(concertSteps.deleteOf, call)) return this.#deleteOf(call, call.input, now);
    const make: (request: Json) => Step = Reflect.get(STEPS[this.name], call.step);
    const step = make(call.input);
    const { writes, answer } = this.decide(step, this.#known(step), now, call);
    const newId = this.nextId;
    this.#write(writes, call);
    return answer(newId);
  }

  #known({ of, newKey }: Step): Known {
    const found = 'id' in of ? this.#byId(of.id) : this.#byKey(of.key);
    const [first] = found;
    const key = first && newKey?.(first);
    return { found, sameNewKey: key === undefined ? [] : this.#byKey(key) };
  }

  #byId(id: number): Entity[] {
    const found = this.entities.get(id);
    return found ? [found] : [];
  }

  #byKey(key: string): Entity[] {
    return [...this.entities.values()].filter((entity) => entity.key === key);
  }

  #write(drafts: readonly Draft[], by: Pick<StepCall, 'step'> & { executionId: string | undefined }): void {
    for (const draft of drafts) {
      const id = draft.id ?? this.nextId;
      const before = this.entities.get(id);
      const after = { ...draft, id, fields: draft.saga.deleted ? {} : draft.fields };
      this.entities.set(id, after);
      this.commits++;
      this.onCommit({ service: this.name, step: by.step, executionId: by.executionId, before, after });
    }
    for (const { key, twin } of drafts) {
      if (twin || key === undefined || this.#byKey(key).filter((same) => !same.twin).length <= 1) continue;
      throw new Error(`${this.name}: a database would refuse a second one with the key ${key}`);
    }
  }

  #countOf({ of, atMost }: RequestOf<typeof concertSteps.countOf>) {
    const count = this.#referring(of).length;
    assertAtMost(count, atMost);
    return { count };
  }

  #deleteOf(call: StepCall, request: RequestOf<typeof concertSteps.deleteOf>, now: number) {
    const found = (request.concerts ?? []).flatMap(({ id }) => this.#byId(id));
    const { writes, done } = deletionsOf(request, found, now);
    this.#write(writes, call);
    const left = this.#referring(request.of);
    const settled = left.filter(({ saga }) => saga.pinned && saga.holders.length === 0);
    return afterDelete({
      deleted: (request.deleted ?? 0) + done + writes.length,
      isProgress: writes.length > 0,
      next: settled.slice(0, CONCERTS_PER_DELETE),
      isAnyLeft: left.length > 0,
    });
  }

  #referring(of: ConcertsOf): Entity[] {
    const { field, id } = referenceOf(of);
    return this.live.filter(({ fields }) => fields[field] === id);
  }
}

/** As it is when it comes over the wire. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));

const ajv = makeAjv();
const validators = new Map<object, (value: unknown) => boolean>();

/** Whether a value is a request or a reply of a call. */
function isOf(contract: CallContract, part: 'request' | 'reply', value: unknown): boolean {
  const schema = contract[part];
  const isValid = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, isValid);
  return isValid(value);
}

const isRequest = <C extends CallContract>(contract: C, call: StepCall): call is StepCall & { input: Json & RequestOf<C> } =>
  contract.name === `${call.service}.${call.step}` && isOf(contract, 'request', call.input);
