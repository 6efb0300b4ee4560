import { type ServiceName, serviceNames } from '#config';
import type { Finding, Say } from './findings.js';
import { references } from './layouts.js';
import { LiveIds } from './live-ids.js';
import { type ExecutionFacts, executionIdOf, executionOf, hasFailed, isDelete, isFinal, type Known, statusOf } from './steps.js';
import type { Stores } from './stored.js';
import { readEntity, type StoredEntity } from './stored-entity.js';
import { readExecution } from './stored-execution.js';
import type { Suspects } from './suspects.js';

/** What was looked at. */
export interface EntityCounts {
  live: number;
  deleted: number;
}

/** A finding about an entity that is known. */
type Fault = Pick<Finding, 'sort' | 'what' | 'execution'>;

/** Looks at every entity, and at what it says of executions. @param suspects are added to, for those of the journal to clear */
export async function auditEntities(stores: Stores, say: Say, suspects: Suspects): Promise<Record<ServiceName, EntityCounts>> {
  const counts = { bands: none(), venues: none(), events: none(), concerts: none() };
  const liveIds = new LiveIds(stores);
  for (const kind of serviceNames) {
    const store = stores.entities[kind];
    for (const fault of await store.faults()) say({ kind, ...fault });
    for await (const raws of store.pages()) {
      const page = raws.map((raw) => readEntity(kind, store.form, raw));
      const known = await executionsAround(stores, page);
      for (const entity of page) {
        for (const fault of entityFaults(entity, known)) say({ kind, id: entity.id, ...fault });
        suspects.add(kind, entity, known);
        counts[kind][entity.isDeleted ? 'deleted' : 'live'] += 1;
      }
      if (kind === 'concerts') await auditReferences(page, liveIds, say);
    }
  }
  return counts;
}

const none = (): EntityCounts => ({ live: 0, deleted: 0 });

/** Executions are begun in the journal before they do anything: whoever is read after the entities is known. */
async function executionsAround({ executions }: Stores, page: readonly StoredEntity[]): Promise<Known> {
  const stepKeys = page.flatMap(({ saga: { holders, retiring, lastSteps } }) => [
    ...holders,
    ...(retiring === null ? [] : [retiring]),
    ...lastSteps.map(({ stepKey }) => stepKey),
  ]);
  const ids = [...new Set(stepKeys.map(executionIdOf))];
  if (ids.length === 0) return new Map();
  const found = (await executions.byIds(ids)).flatMap((raw) => readExecution(raw) ?? []);
  return new Map(found.map((execution) => [execution.id, execution]));
}

function entityFaults(entity: StoredEntity, known: Known): Fault[] {
  if (entity.torn.length > 0) return entity.torn.map((what) => ({ sort: 'torn', what }));
  return [
    ...stepFaults(entity, known),
    ...(entity.isDeleted ? deletedFaults(entity, known) : liveFaults(entity)),
    ...leftBehind(entity, known),
  ];
}

function liveFaults({ saga }: StoredEntity): Fault[] {
  const { deleted, pinned, holders } = saga;
  if (deleted) return [{ sort: 'torn', what: 'it is live, and says that it is deleted' }];
  return pinned || holders.length > 0 ? [] : [{ sort: 'orphaned', what: 'it is live, and nothing holds it' }];
}

/** Holds and marks are of executions that run. */
function leftBehind({ saga: { holders, retiring } }: StoredEntity, known: Known): Fault[] {
  const faultOf = (stepKey: string, is: string): Fault[] => {
    const execution = executionOf(known, stepKey);
    if (execution?.status === 'RUNNING') return [];
    return [{ sort: 'orphaned', what: `it is ${is} by one that is ${statusOf(execution)}`, execution: executionIdOf(stepKey) }];
  };
  return [
    ...holders.flatMap((holder) => faultOf(holder, 'held')),
    ...(retiring === null ? [] : faultOf(retiring, 'marked for its delete')),
  ];
}

function stepFaults({ saga: { lastSteps }, version }: StoredEntity, known: Known): Fault[] {
  const isOrdered = lastSteps.every((step, at) => step.version > (lastSteps[at - 1]?.version ?? 0));
  if (!isOrdered) return [{ sort: 'torn', what: 'the versions of its last steps do not rise' }];
  const last = lastSteps.at(-1);
  if (last && last.version > version)
    return [{ sort: 'torn', what: `it has version ${version}, and a step made version ${last.version}` }];
  return lastSteps.flatMap(({ stepKey, version: made }): Fault[] => {
    const execution = executionOf(known, stepKey);
    if (!execution || !hasFailed(execution) || !isFinal(stepKey, execution)) return [];
    const what = `version ${made} was made by a ${execution.stateMachine} that is ${execution.status}`;
    return [{ sort: 'torn', what, execution: execution.id }];
  });
}

/** A deleted one, unless it is a fence that was never seen, was deleted by a delete, or by the undo of what alone made it. */
function deletedFaults({ saga, version }: StoredEntity, known: Known): Fault[] {
  const { deleted, pinned, holders, retiring, lastSteps } = saga;
  if (!deleted || pinned || holders.length > 0 || retiring !== null)
    return [{ sort: 'torn', what: 'it is deleted, and still live, pinned, held or marked' }];
  if (version === 0) return [];
  const last = lastSteps.at(-1);
  if (last?.version !== version) return [{ sort: 'lost', what: 'it is deleted, and no step did that' }];
  const deleter = executionOf(known, last.stepKey);
  if (!deleter || deleter.status === 'RUNNING' || isDelete(deleter)) return [];
  const maker = lastSteps.at(-2);
  const isUndone = hasFailed(deleter) && maker?.version === version - 1 && !isKept(executionOf(known, maker.stepKey));
  if (isUndone) return [];
  return [{ sort: 'lost', what: `a ${deleter.stateMachine} that is ${deleter.status} took it away`, execution: deleter.id }];
}

const isKept = (maker: ExecutionFacts | undefined): boolean => maker?.status === 'SUCCEEDED';

async function auditReferences(page: readonly StoredEntity[], liveIds: LiveIds, say: Say): Promise<void> {
  for (const [field, kind] of references) {
    const referring = page.flatMap(({ id, fields, torn }) => {
      const to = torn.length === 0 ? fields[field] : null;
      return typeof to === 'number' ? [{ id, to }] : [];
    });
    const missing = await liveIds.missing(kind, new Set(referring.map(({ to }) => to)));
    for (const { id, to } of referring)
      if (missing.has(to)) say({ sort: 'lost', kind: 'concerts', id, what: `its ${kind.slice(0, -1)} ${to} ${missing.get(to)}` });
  }
}
