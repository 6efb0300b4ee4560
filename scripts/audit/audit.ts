import type { Config, ServiceName } from '#config';
import { auditEntities, type EntityCounts } from './entities.js';
import { auditExecutions, type ExecutionCounts } from './executions.js';
import { Findings } from './findings.js';
import { openMongoEntities, openMongoExecutions } from './mongo.js';
import { openSqliteEntities, openSqliteExecutions } from './sqlite.js';
import type { Stores } from './stored.js';
import { Suspects } from './suspects.js';

/** What an audit came to. */
export interface Audit {
  /** A line for each thing that is wrong. */
  findings: string[];
  /** There were more than are told. */
  isCut: boolean;
  entities: Record<ServiceName, EntityCounts>;
  executions: ExecutionCounts;
}

/**
 * Looks at the stores of the four services and at the journal of the orchestrator, which may be written to meanwhile.
 * What looks wrong is looked at once more: while the system runs, two readings see two states, but never twice the same.
 *
 * @throws CannotAudit when one of the stores cannot be read
 */
export async function audit(config: Config): Promise<Audit> {
  const stores = await openStores(config);
  try {
    const first = new Findings();
    const looked = await lookAt(stores, config, first);
    if (first.lines.size === 0) return { findings: [], isCut: false, ...looked };
    const second = new Findings((line) => first.lines.has(line));
    await lookAt(stores, config, second);
    return { findings: [...second.lines], isCut: first.isCut, ...looked };
  } finally {
    await stores.close();
  }
}

/** The entities first: what they say of executions is in the journal by then, and what they owe to it is cleared by it. */
async function lookAt(
  stores: Stores,
  { orchestrator }: Config,
  { say }: Findings,
): Promise<Pick<Audit, 'entities' | 'executions'>> {
  const suspects = new Suspects(Date.now() - orchestrator.executionRetentionMs);
  const entities = await auditEntities(stores, say, suspects);
  const executions = await auditExecutions(stores, say, suspects);
  suspects.sayAll(say);
  return { entities, executions };
}

async function openStores({ dataDir, mongoUrls, orchestrator }: Config): Promise<Stores> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    await Promise.all(closers.map((closeStore) => closeStore()));
  };
  const opened = <S>({ store, close: closeStore }: { store: S; close(): unknown }): S => {
    closers.push(closeStore);
    return store;
  };
  const entities = async (kind: ServiceName) => {
    const url = mongoUrls[kind];
    return opened(url === undefined ? openSqliteEntities(dataDir, kind) : await openMongoEntities(url, kind));
  };
  try {
    const [bands, venues] = [await entities('bands'), await entities('venues')];
    const [events, concerts] = [await entities('events'), await entities('concerts')];
    const { mongoUrl } = orchestrator;
    const executions = opened(mongoUrl === undefined ? openSqliteExecutions(dataDir) : await openMongoExecutions(mongoUrl));
    return { entities: { bands, venues, events, concerts }, executions, close };
  } catch (error) {
    await close();
    throw error;
  }
}
