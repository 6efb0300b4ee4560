import { type ServiceName, serviceNames } from '#config';
import type { Finding, Say } from './findings.js';
import { references } from './layouts.js';
import { executionIdOf, executionOf, isDelete, type Known, verbAndPart } from './steps.js';
import type { Stores } from './stored.js';
import { readEntity, type StoredEntity } from './stored-entity.js';
import { readExecution, type StoredExecution } from './stored-execution.js';
import type { Suspects } from './suspects.js';

/** An execution that should have been gone on with for so long is not worked on by anybody. */
const OVERDUE_MS = 600_000;
/** Failing for so long, as the orchestrator's health tells it. */
const FAILING_MS = 3_600_000;

export interface ExecutionCounts {
  running: number;
  ended: number;
}

/** Looks at every execution, and at what those that succeeded say is there. @param suspects those that it clears are taken out */
export async function auditExecutions(stores: Stores, say: Say, suspects: Suspects): Promise<ExecutionCounts> {
  const counts = { running: 0, ended: 0 };
  for (const fault of await stores.executions.faults()) say({ kind: 'executions', ...fault });
  for await (const raws of stores.executions.pages()) {
    const page: StoredExecution[] = [];
    for (const raw of raws) {
      const execution = readExecution(raw);
      if (execution) page.push(execution);
      else say({ sort: 'torn', kind: 'executions', id: raw.id, what: 'its text cannot be read' });
    }
    await auditDefinitions(stores, page, say);
    for (const execution of page) {
      for (const fault of stateFaults(execution, Date.now())) say({ kind: 'executions', id: execution.id, ...fault });
      await auditKey(stores, execution, say);
      if (execution.status === 'RUNNING') suspects.clearHeldBy(execution);
      counts[execution.status === 'RUNNING' ? 'running' : 'ended'] += 1;
    }
    await auditResults(stores, page, say, suspects);
  }
  return counts;
}

async function auditDefinitions({ executions }: Stores, page: readonly StoredExecution[], say: Say): Promise<void> {
  const hashes = [...new Set(page.map(({ definitionHash }) => definitionHash))];
  const found = new Set(await executions.definitions(hashes));
  for (const { id, definitionHash } of page)
    if (!found.has(definitionHash))
      say({ sort: 'lost', kind: 'executions', id, what: `its definition ${definitionHash} is not in the journal` });
}

type Fault = Pick<Finding, 'sort' | 'what'>;

function stateFaults(execution: StoredExecution, now: number): Fault[] {
  const { torn, lines, events } = execution;
  return [
    ...torn.map((what): Fault => ({ sort: 'torn', what })),
    ...(lines === events ? [] : [{ sort: 'torn', what: `its history has ${lines} lines, and ${events} are counted` } as const]),
    ...(execution.status === 'RUNNING' ? runningFaults(execution, now) : endedFaults(execution)),
  ];
}

function runningFaults({ commands, dueAt, endedAt, failingSince }: StoredExecution, now: number): Fault[] {
  const faults: Fault[] = [];
  if (endedAt !== null) faults.push({ sort: 'torn', what: 'it runs, and has ended' });
  if (dueAt === null || commands.length === 0) faults.push({ sort: 'stuck', what: 'it runs, and nothing is to be done' });
  else if (dueAt < now - OVERDUE_MS) faults.push({ sort: 'stuck', what: `nobody has gone on with it since ${iso(dueAt)}` });
  if (failingSince !== null && failingSince < now - FAILING_MS)
    faults.push({ sort: 'stuck', what: `it has come to nothing but failures since ${iso(failingSince)}` });
  return faults;
}

function endedFaults({ status, commands, dueAt, endedAt, output, error }: StoredExecution): Fault[] {
  const what = [
    ...(endedAt === null ? ['when it ended is not told'] : []),
    ...(dueAt === null && commands.length === 0 ? [] : ['it has ended, and something is still to be done']),
    ...(status === 'SUCCEEDED' && output === undefined ? ['it succeeded, and has no output'] : []),
    ...(status !== 'SUCCEEDED' && error === undefined ? ['it failed, and has no error'] : []),
  ];
  return what.map((sentence) => ({ sort: 'torn', what: sentence }));
}

const iso = (at: number): string => new Date(at).toISOString();

/** A key goes over to another execution only when it has expired and its own has ended. */
async function auditKey({ executions }: Stores, execution: StoredExecution, say: Say): Promise<void> {
  const { id, heldKey, idempotencyKey, endedAt } = execution;
  if (heldKey) return;
  const raw = await executions.holderOf(idempotencyKey);
  const holder = raw && readExecution(raw);
  const wasFree = endedAt !== null && holder && holder.startedAt >= Math.max(idempotencyKey.expiresAt, endedAt);
  if (wasFree) return;
  const what = holder ? 'its key was given to another one too early' : 'its key was taken away, and no other one has it';
  say({ sort: 'doubled', kind: 'executions', id, what, ...(holder && { execution: holder.id }) });
}

/** What an execution that succeeded says of an entity. */
interface Result {
  execution: StoredExecution;
  kind: ServiceName;
  id: number;
  version: number;
  /** `read`: it is there. The others say what was done to it. */
  done: 'read' | 'created' | 'changed' | 'deleted';
}

async function auditResults(stores: Stores, page: readonly StoredExecution[], say: Say, suspects: Suspects): Promise<void> {
  const succeeded = page.filter(({ status }) => status === 'SUCCEEDED');
  for (const { output } of succeeded) {
    const concert = memberOf(output, 'concert');
    for (const [field, kind] of references) suspects.clear(kind, memberOf(concert, field), Number.POSITIVE_INFINITY);
  }
  const results = succeeded.flatMap((execution) => resultsOf(execution, say));
  for (const kind of serviceNames) {
    const ofKind = results.filter((result) => result.kind === kind);
    if (ofKind.length === 0) continue;
    const entities = await entitiesById(stores, kind, ofKind);
    const known = await deletersOf(stores, [...entities.values()]);
    for (const result of ofKind) {
      const { id, version, done, execution } = result;
      if (done !== 'deleted') suspects.clear(kind, id, version);
      const fault = resultFault(result, entities.get(id), known);
      if (fault) say({ kind, id, ...fault, execution: execution.id });
    }
  }
}

const kindOf: Record<string, ServiceName> = { band: 'bands', venue: 'venues', event: 'events', concert: 'concerts' };

function resultsOf(execution: StoredExecution, say: Say): Result[] {
  const { id, stateMachine, output } = execution;
  const [verb, part] = verbAndPart(stateMachine);
  const own = kindOf[part];
  if (!own) return [];
  if (verb === 'delete') return deletionOf(execution, own);
  const named = part === 'concert' ? Object.keys(kindOf).map((name) => [name, memberOf(output, name)]) : [[part, output]];
  return named.flatMap(([name, record]): Result[] => {
    const [recordId, version, kind] = [memberOf(record, 'id'), memberOf(record, 'version'), kindOf[String(name)]];
    if (kind && typeof recordId === 'number' && typeof version === 'number')
      return [{ execution, kind, id: recordId, version, done: kind === own ? doneBy(verb) : 'read' }];
    // A concert needs no event; and a part that is deleted while its concert is changed is not shown any more.
    const mayLack = record === null && kind !== own && (name === 'event' || verb !== 'create');
    if (!mayLack) say({ sort: 'torn', kind: 'executions', id, what: `it succeeded, and its output names no ${name}` });
    return [];
  });
}

const doneBy = (verb: string): 'created' | 'changed' => (verb === 'create' ? 'created' : 'changed');

function deletionOf(execution: StoredExecution, kind: ServiceName): Result[] {
  const path = memberOf(execution.request, 'path');
  const id = Number(/^\/[a-z]+\/(\d+)$/.exec(String(path))?.[1]);
  const version = memberOf(execution.output, 'version');
  return id > 0 && typeof version === 'number' ? [{ execution, kind, id, version, done: 'deleted' }] : [];
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

async function entitiesById(stores: Stores, kind: ServiceName, results: readonly Result[]): Promise<Map<number, StoredEntity>> {
  const store = stores.entities[kind];
  const found = await store.byIds([...new Set(results.map(({ id }) => id))]);
  return new Map(found.map((raw) => [raw.id, readEntity(kind, store.form, raw)]));
}

/** The executions that had to do with deleted entities. */
async function deletersOf({ executions }: Stores, entities: readonly StoredEntity[]): Promise<Known> {
  const deleted = entities.filter(({ isDeleted }) => isDeleted);
  const ids = new Set(deleted.flatMap(({ saga }) => saga.lastSteps.map(({ stepKey }) => executionIdOf(stepKey))));
  const found = ids.size === 0 ? [] : await executions.byIds([...ids]);
  return new Map(found.flatMap((raw) => readExecution(raw) ?? []).map((execution) => [execution.id, execution]));
}

type ResultFault = Pick<Finding, 'sort' | 'what'> | undefined;

function resultFault(result: Result, entity: StoredEntity | undefined, known: Known): ResultFault {
  const { done, version, execution } = result;
  if (!entity) return { sort: 'lost', what: `it is not there, and a ${execution.stateMachine} answered it` };
  // Told where every entity is looked at.
  if (entity.torn.length > 0) return undefined;
  if (entity.version < version)
    return {
      sort: 'lost',
      what: `it has version ${entity.version}, and a ${execution.stateMachine} made or saw version ${version}`,
    };
  if (done === 'deleted') return deletedFault(result, entity);
  if (entity.isDeleted && !isDeletedSince(version, entity, known))
    return { sort: 'lost', what: `it is deleted, and no delete that succeeded did that after a ${execution.stateMachine}` };
  return done === 'read' ? undefined : ownFault(result, entity);
}

function deletedFault({ version, execution }: Result, { isDeleted, version: now, saga }: StoredEntity): ResultFault {
  if (isDeleted || (now > version && saga.generation > 0)) return undefined;
  return {
    sort: 'orphaned',
    what: `it is live, and a ${execution.stateMachine} that succeeded deleted it as version ${version}`,
  };
}

/** By an execution that succeeded, has not ended, or is not known any more. What is too old to be told counts as deleted. */
function isDeletedSince(version: number, { saga: { lastSteps } }: StoredEntity, known: Known): boolean {
  if ((lastSteps[0]?.version ?? 0) > version + 1) return true;
  return lastSteps.some((step) => {
    const deleter = executionOf(known, step.stepKey);
    const mayDelete = !deleter || (isDelete(deleter) && ['SUCCEEDED', 'RUNNING'].includes(deleter.status));
    return step.version > version && mayDelete;
  });
}

/** What an execution made or changed itself knows that it was this execution: two cannot have made one version. */
function ownFault({ execution, version, done }: Result, { saga: { lastSteps } }: StoredEntity): ResultFault {
  const stepKey = `${execution.id}/${verbAndPart(execution.stateMachine)[1]}`;
  const isForgotten = (lastSteps[0]?.version ?? 0) > version;
  const isKnown = lastSteps.some((step) => step.stepKey === stepKey && (done === 'created' || step.version === version));
  if (isForgotten || isKnown) return undefined;
  return { sort: 'doubled', what: `a ${execution.stateMachine} answered that it ${done} it, and it was not that one` };
}
