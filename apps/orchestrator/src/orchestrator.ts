import { randomUUIDv7 } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock } from '#clock';
import type { Address, Config } from '#config';
import { startHttpApp } from '#http';
import { Metrics } from '#metrics';
import { Engine, openJournal } from '#saga';
import { closeServices, connectServices, type Running } from '#serve';
import { authenticate } from './authenticate.js';
import { countedCalls, executionMetrics } from './execution-metrics.js';
import { takeMergePatches } from './media-types.js';
import { OrchestratorModule } from './orchestrator.module.js';
import { participantCaller } from './participants.js';
import { stateMachines } from './state-machines.js';

const DESCRIPTION =
  'Writes, each of them an execution of a state machine that ends with everything or nothing. The same request with the ' +
  'same `Idempotency-Key` is done once. Errors are problem documents (RFC 9457) that name every fault of a body by its JSON pointer.';

/** Starts the orchestrator: opens its journal, goes on with the executions in it, and takes new ones. */
export async function startOrchestrator(config: Config, logger: Logger): Promise<Running & { address: Address }> {
  const { port, name, mongoUrl, writeTokens, executionRetentionMs } = config.orchestrator;
  const journal = await openJournal({ name: 'orchestrator', dataDir: config.dataDir, mongoUrl }, logger);
  const metrics = new Metrics('orchestrator');
  const clients = connectServices(config, logger, metrics);
  const engine = new Engine({
    journal,
    stateMachines,
    call: countedCalls(metrics, participantCaller(clients)),
    clock: systemClock,
    owner: name,
    newId: randomUUIDv7,
    logger,
    executionRetentionMs,
    observer: executionMetrics(metrics, journal),
  });
  await engine.run();
  const draining = new AbortController();
  const running = await startHttpApp({
    name: 'the orchestrator',
    module: OrchestratorModule.with({ engine, clients, config, draining: draining.signal }),
    address: { host: config.host, port },
    logger,
    metrics,
    cacheControl: 'no-cache',
    cors: {
      origins: config.corsOrigins,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: [
        'Change-Token',
        'ETag',
        'Idempotency-Key',
        'Idempotency-Replayed',
        'Link',
        'Location',
        'Preference-Applied',
        'Retry-After',
        'WWW-Authenticate',
        'X-Request-Id',
      ],
    },
    api: {
      title: 'Backline: writes',
      description: DESCRIPTION,
      bearerToken: 'the secret of a token in the variable WRITE_TOKENS: what follows its colon',
    },
    prepare: (fastify) => {
      fastify.decorateRequest('caller', '');
      fastify.addHook('onRequest', authenticate(writeTokens));
      takeMergePatches(fastify);
    },
    draining,
    free: async () => {
      await engine.close();
      closeServices(clients);
    },
  });
  return running;
}
