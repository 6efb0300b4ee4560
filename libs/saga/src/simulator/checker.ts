import type { ServiceName } from '#config';
import type { Entity } from '#store';
import { isObject, type Json, type JsonObject } from '../asl/json.js';
import type { Execution } from '../journal.js';
import type { ClientAnswer } from './orchestrator.js';
import type { Commit } from './owner-service.js';
import type { Ask } from './workload.js';

/** All writes of a run have a place in one order. */
export type OrderedCommit = Commit & { order: number };

export interface RecordedExecution extends Execution {
  /** Its request's. */
  name: string;
  /** Where its end has its place in the order of writes; undefined while it runs. */
  endedAtOrder: number | undefined;
}

/** What is known of a run when it is over. */
export interface Records {
  commits: readonly OrderedCommit[];
  executions: readonly RecordedExecution[];
  asks: ReadonlyMap<string, Ask>;
  answers: ReadonlyMap<string, readonly ClientAnswer[]>;
}

/** Far above what the few writes of a run can leave behind. */
const MAX_STEPS_KEPT = 100;

const PART_SERVICES = { band: 'bands', venue: 'venues', event: 'events', concert: 'concerts' } as const;
type PartName = keyof typeof PART_SERVICES;
const REFERENCES = [
  ['bandId', 'bands'],
  ['venueId', 'venues'],
  ['eventId', 'events'],
] as const;

/**
 * Whether a run kept what is promised. It knows nothing of how that is brought about: only what was asked for, what was
 * answered, and what was written.
 * @returns a sentence for each promise that was broken
 */
export function violationsOf(records: Records): string[] {
  const checker = new Checker(records);
  return checker.violations();
}

class Checker {
  readonly #found: string[] = [];
  readonly #executions: Map<string, RecordedExecution>;
  readonly #histories = new Map<string, OrderedCommit[]>();
  readonly #last: OrderedCommit[];

  constructor(private readonly records: Records) {
    this.#executions = new Map(records.executions.map((execution) => [execution.id, execution]));
    for (const commit of records.commits) {
      const history = this.#history(commit.service, commit.after.id);
      if (history.length === 0) this.#histories.set(placeOf(commit.service, commit.after.id), history);
      history.push(commit);
    }
    this.#last = [...this.#histories.values()].flatMap((history) => history.slice(-1));
  }

  violations(): string[] {
    const { executions, commits } = this.records;
    this.#checkAnswers();
    for (const execution of executions) {
      this.#say(execution.status === 'RUNNING', `${execution.name} never ended`);
      if (execution.status === 'SUCCEEDED') this.#checkSucceeded(execution);
      else this.#checkFailed(execution);
    }
    for (const commit of commits) this.#checkCommit(commit);
    for (const commit of this.#last) this.#checkLast(commit);
    this.#checkNaturalKeys();
    return this.#found;
  }

  #say(isWrong: boolean, sentence: string): void {
    if (isWrong) this.#found.push(sentence);
  }

  /** One key, one execution, one answer. */
  #checkAnswers(): void {
    const { answers, executions } = this.records;
    for (const [name, told] of answers) {
      const begun = executions.filter((execution) => execution.name === name);
      this.#say(begun.length > 1, `${name} was begun ${begun.length} times under one key`);
      const [execution] = begun;
      for (const answer of told) {
        if (!('id' in answer)) continue;
        this.#say(answer.id !== execution?.id, `${name} was promised an execution that is not in the journal`);
        const isOther = answer.status !== 'RUNNING' && execution && endText(answer) !== endText(execution);
        this.#say(isOther === true, `${name} was told another end than the journal has`);
      }
    }
  }

  #checkSucceeded(execution: RecordedExecution): void {
    const ask = this.records.asks.get(execution.name);
    if (!ask) return;
    const [verb, kind] = ask.stateMachine.split('-');
    const service = serviceOf(kind);
    if (verb === 'create') this.#checkCreated(execution, ask, service);
    else if (verb === 'delete') this.#checkDeleted(execution, ask, service);
    else this.#checkChanged(execution, ask, service);
  }

  #checkCreated(execution: RecordedExecution, { input }: Ask, service: ServiceName): void {
    const output = objectOf(execution.output);
    const record = service === 'concerts' ? objectOf(output['concert']) : output;
    const asked = objectOf(service === 'concerts' ? input['concert'] : input['row']);
    const birth = this.#commitsOf(execution).find(
      ({ step, service: where, before, after }) => step === 'create' && where === service && isBirth(before, after),
    );
    this.#say(!birth, `${execution.name} succeeded and made no ${service}`);
    if (!birth) return;
    this.#say(birth.after.id !== record['id'], `${execution.name} answers another one than it made`);
    this.#say(!hasFields(birth.after, asked), `${execution.name} made something else than was asked for`);
    this.#checkStays(execution, service, birth.after.id, birth.order);
    if (service === 'concerts') this.#checkParts(execution, input, birth);
  }

  #checkChanged(execution: RecordedExecution, { input, stateMachine }: Ask, service: ServiceName): void {
    const made = this.#commitsOf(execution).filter(
      // A fence that stays under another key is written by the way.
      ({ step, after }) => (step === 'replace' || step === 'patch') && isLive(after),
    );
    const [change] = made;
    this.#say(made.length !== 1, `${execution.name} succeeded and changed its ${service} ${made.length} times`);
    if (!change) return;
    const { before, after } = change;
    const asked = objectOf(input[service === 'concerts' && 'concert' in input ? 'concert' : 'patch'] ?? input['row']);
    this.#say(change.service !== service || after.id !== input['id'], `${execution.name} changed another one than it was to`);
    this.#say(!isExpected(input['expectedVersion'], before), `${execution.name} changed another version than it expected`);
    this.#say(!hasFields(after, asked), `${execution.name} made something else than was asked for`);
    this.#checkStays(execution, service, after.id, change.order);
    if (service === 'concerts') this.#checkParts(execution, input, change);
    const isPatch = stateMachine.startsWith('patch');
    this.#say(isPatch && !isKept(change, asked, input), `${execution.name} changed what it was not asked to`);
  }

  #checkDeleted(execution: RecordedExecution, { input }: Ask, service: ServiceName): void {
    const made = this.#commitsOf(execution).filter((commit) => commit.step === 'delete');
    const [deletion] = made;
    this.#say(made.length !== 1, `${execution.name} succeeded and deleted its ${service} ${made.length} times`);
    if (!deletion) return;
    const decided = this.#commitsOf(execution).find(({ step }) => step === 'retire') ?? deletion;
    this.#say(
      deletion.service !== service || deletion.after.id !== input['id'],
      `${execution.name} deleted another one than it was to`,
    );
    this.#say(
      !isExpected(input['expectedVersion'], decided.before),
      `${execution.name} deleted another version than it expected`,
    );
  }

  /** The parts of a concert that a write made or changed. */
  #checkParts(execution: RecordedExecution, input: JsonObject, { after, order }: OrderedCommit): void {
    const output = objectOf(execution.output);
    const created = objectOf(output['created']);
    for (const [field, service] of REFERENCES) {
      const part = partNameOf(service);
      const asked = input[part];
      const id = after.fields[field];
      if (typeof id !== 'number' || !isObject(asked)) continue;
      this.#checkStays(execution, service, id, order);
      const isMade = this.#commitsOf(execution).some(
        (commit) => commit.service === service && commit.after.id === id && isBirth(commit.before, commit.after),
      );
      this.#say(created[part] !== isMade, `${execution.name} says wrongly whether it made its ${part}`);
      this.#say('id' in asked && asked['id'] !== id, `${execution.name} refers to another ${part} than it was to`);
      // Another write may have renamed it since it was found: executions are not isolated.
      const isNamed = this.#history(service, id).some((commit) => hasNames(commit.after, objectOf(asked['row'])));
      this.#say(!('id' in asked) && !isNamed, `${execution.name} refers to a ${part} that is not the one it named`);
    }
  }

  /** What a success promised is there at its end, unless one that was asked for deleted it since. */
  #checkStays(execution: RecordedExecution, service: ServiceName, id: number, since: number): void {
    const end = execution.endedAtOrder ?? 0;
    const found = this.#at(service, id, end);
    if (isLive(found) && found.saga.pinned) return;
    const isDeleted = this.#history(service, id).some(
      (commit) => commit.order > since && commit.order <= end && !isLive(commit.after) && this.#isAskedDeletion(commit),
    );
    this.#say(!isDeleted, `${execution.name} succeeded, and the ${partNameOf(service)} ${id} was not there to stay`);
  }

  #checkFailed(execution: RecordedExecution): void {
    for (const { step, service, before, after } of this.#commitsOf(execution)) {
      const isDone = step === 'pin' || (isPivot(step) && (before?.version ?? 0) !== after.version);
      const isSeen = isDone && !this.#isGoneBy(execution, service, after.id);
      this.#say(
        isSeen,
        `${execution.name} ended as ${execution.status}, and its ${step} of ${placeOf(service, after.id)} was done`,
      );
    }
  }

  /** Whether nothing of a change can be seen any more: one that was asked for deleted the entity before the execution's end. */
  #isGoneBy({ endedAtOrder = 0, id }: RecordedExecution, service: ServiceName, entityId: number): boolean {
    const deletion = this.#history(service, entityId).find(
      (commit) => commit.order <= endedAtOrder && commit.executionId !== id && this.#isAskedDeletion(commit),
    );
    return deletion !== undefined && !isLive(deletion.after);
  }

  #checkCommit(commit: OrderedCommit): void {
    const { before, after, step, service, order } = commit;
    const place = placeOf(service, after.id);
    const versions = after.version - (before?.version ?? 0);
    const isChanged = isLive(before) !== isLive(after) || (isLive(after) && !isSame(before?.fields, after.fields));
    this.#say(versions < 0 || versions > 1, `${step} took ${place} from version ${before?.version} to ${after.version}`);
    this.#say(isChanged && versions === 0, `${step} changed ${place} without another version`);
    const isGone = isLive(before) && before.saga.pinned && !isLive(after);
    this.#say(isGone && !this.#isAskedDeletion(commit), `${step} took away ${place}, which had been promised to stay`);
    const execution = this.#executionOf(commit);
    const isLate = order > (execution?.endedAtOrder ?? Number.POSITIVE_INFINITY);
    const acts = versions > 0 || after.saga.holders.length > (before?.saga.holders.length ?? 0) || isMarked(before, after);
    this.#say(isLate && acts, `${step} of ${execution?.name} acted on ${place} after its execution had ended`);
    const kept = after.saga.holders.length + after.saga.released.length + after.saga.lastSteps.length;
    this.#say(kept > MAX_STEPS_KEPT, `${place} remembers ${kept} steps`);
  }

  /** How an entity is left behind. */
  #checkLast({ service, after }: OrderedCommit): void {
    const place = placeOf(service, after.id);
    const { holders, pinned, retiring } = after.saga;
    this.#say(holders.length > 0, `${place} is still held by ${holders.map((holder) => this.#nameOf(holder)).join(' and ')}`);
    this.#say(retiring !== null, `${place} is still marked by ${this.#nameOf(retiring ?? '')}`);
    if (!isLive(after)) return;
    this.#say(!pinned, `${place} is live, and nobody promised that it stays`);
    this.#say(!this.#isWanted(service, after.id), `${place} is live, and no write that succeeded made or found it`);
    if (service !== 'concerts') return;
    for (const [field, referred] of REFERENCES) {
      const id = after.fields[field];
      const isThere = typeof id !== 'number' || isLive(this.#at(referred, id, Number.POSITIVE_INFINITY));
      this.#say(!isThere, `${place} refers to a ${partNameOf(referred)} ${id} that is gone`);
    }
  }

  #checkNaturalKeys(): void {
    const seen = new Map<string, string>();
    for (const { service, after } of this.#last) {
      const natural = isLive(after) && naturalKey(service, after);
      if (!natural) continue;
      const place = placeOf(service, after.id);
      this.#say(seen.has(natural), `${place} and ${seen.get(natural)} are the same: ${natural}`);
      seen.set(natural, place);
    }
  }

  /** Whether, since it came to be, an import or a write that succeeded wanted it to stay. */
  #isWanted(service: ServiceName, id: number): boolean {
    const history = this.#history(service, id);
    const birth = history.findLastIndex(({ before, after }) => isBirth(before, after));
    return history
      .slice(birth)
      .some((commit) => commit.step === 'import' || (commit.step === 'pin' && this.#executionOf(commit)?.status === 'SUCCEEDED'));
  }

  #isAskedDeletion(commit: OrderedCommit): boolean {
    const isDeletion = commit.step === 'delete' || commit.step === 'deleteOf';
    return isDeletion && this.#executionOf(commit)?.status === 'SUCCEEDED';
  }

  #at(service: ServiceName, id: number, order: number): Entity | undefined {
    return this.#history(service, id).findLast((commit) => commit.order <= order)?.after;
  }

  #history(service: ServiceName, id: number): OrderedCommit[] {
    return this.#histories.get(placeOf(service, id)) ?? [];
  }

  #commitsOf({ id }: RecordedExecution): OrderedCommit[] {
    return this.records.commits.filter(({ executionId }) => executionId === id);
  }

  #executionOf({ executionId }: Commit): RecordedExecution | undefined {
    return executionId === undefined ? undefined : this.#executions.get(executionId);
  }

  #nameOf(stepKey: string): string {
    const [id = '', about] = stepKey.split('/');
    return `${this.#executions.get(id)?.name ?? id}/${about}`;
  }
}

const placeOf = (service: ServiceName, id: number): string => `${service}/${id}`;

function partNameOf(service: ServiceName): PartName {
  switch (service) {
    case 'bands':
      return 'band';
    case 'venues':
      return 'venue';
    case 'events':
      return 'event';
    case 'concerts':
      return 'concert';
  }
}

const isPartName = (name: string | undefined): name is PartName => name !== undefined && Object.hasOwn(PART_SERVICES, name);

function serviceOf(kind: string | undefined): ServiceName {
  if (!isPartName(kind)) throw new Error(`there is no service for a ${kind}`);
  return PART_SERVICES[kind];
}

const isPivot = (step: string): boolean => ['replace', 'patch', 'delete', 'deleteOf'].includes(step);
const isLive = (entity: Entity | undefined): entity is Entity => entity !== undefined && !entity.saga.deleted;
const isBirth = (before: Entity | undefined, after: Entity): boolean => !isLive(before) && isLive(after);
const isMarked = (before: Entity | undefined, after: Entity): boolean =>
  after.saga.retiring !== null && after.saga.retiring !== before?.saga.retiring;

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
const hasFields = ({ fields }: Entity, asked: JsonObject): boolean =>
  Object.entries(asked).every(([name, value]) => isSame(fields[name], value));
/** Whether it is the one that a value names, whatever else was changed of it. */
const hasNames = ({ fields }: Entity, { name, latitude, longitude }: JsonObject): boolean =>
  fields['name'] === name && isSame([fields['latitude'], fields['longitude']], [latitude, longitude]);
const isExpected = (expected: Json | undefined, before: Entity | undefined): boolean =>
  expected === null || expected === before?.version;

/** Whether a patch left alone what it was not asked to change. */
const isKept = ({ before, after }: Commit, asked: JsonObject, input: JsonObject): boolean =>
  Object.keys(after.fields)
    .filter((field) => !(field in asked) && !isObject(input[field.replace(/Id$/, '')]))
    .every((field) => isSame(before?.fields[field], after.fields[field]));

function naturalKey(service: ServiceName, { fields }: Entity): string | undefined {
  const { name, latitude, longitude, bandId, venueId, date } = fields;
  if (service === 'bands') return `the band ${name}`;
  if (service === 'venues') return `the venue ${name} at ${latitude}, ${longitude}`;
  return service === 'concerts' ? `the concert of band ${bandId} at venue ${venueId} on ${date}` : undefined;
}

const endText = ({ status, output, error }: Pick<Execution, 'status' | 'output' | 'error'>): string =>
  JSON.stringify([status, output, error]);
