import type { Logger } from 'pino';
import { type Address, type Config, serviceNames } from '#config';
import { servicesMetrics, startHttpApp } from '#http';
import { Metrics } from '#metrics';
import { closeServices, connectServices, type Running } from '#serve';
import examples from './examples.json' with { type: 'json' };
import { GatewayModule } from './gateway.module.js';
import { openReadModel } from './open-read-model.js';

const DESCRIPTION =
  'Concerts by band or by place. Lists are JSON arrays, newest first; errors are problem documents (RFC 9457); ' +
  'a long answer is continued by its `next` link (RFC 8288); every GET has an ETag.';

const RECORDS_PATH = `/(?:${serviceNames.join('|')})`;
/** A request that is right but for where it was sent. */
const WRITE = new RegExp(`^(?:POST ${RECORDS_PATH}|(?:PUT|PATCH|DELETE) ${RECORDS_PATH}/\\d+)$`);

/** Starts the read gateway: connects to the services, which need not be there yet, and listens. */
export async function startGateway(config: Config, logger: Logger): Promise<Running & { address: Address }> {
  const metrics = new Metrics('concerts-gateway');
  const clients = connectServices(config, logger, metrics);
  const { readModel, index, close } = await openReadModel(config, clients, { logger, metrics });
  const draining = new AbortController();
  return startHttpApp({
    name: 'the gateway',
    module: GatewayModule.with({ clients, readModel, index, config, draining: draining.signal }),
    address: { host: config.host, port: config.gatewayPort },
    logger,
    metrics,
    metricsOfOthers: (asking) => servicesMetrics(clients, asking),
    cacheControl:
      config.cacheMaxAgeSeconds > 0
        ? `max-age=${config.cacheMaxAgeSeconds}, stale-while-revalidate=${config.cacheMaxAgeSeconds}`
        : 'no-cache',
    cors: {
      origins: config.corsOrigins,
      methods: ['GET', 'HEAD', 'POST'],
      exposedHeaders: [
        'Data-Age',
        'ETag',
        'Link',
        'Next-Cursor',
        'Partial',
        'Retry-After',
        'Served-By',
        'Server-Timing',
        'X-Request-Id',
      ],
    },
    api: { title: 'Backline', description: DESCRIPTION, examples },
    takenElsewhere: (method, path) =>
      WRITE.test(`${method} ${path}`) ? `the orchestrator does, on port ${config.orchestrator.port}` : undefined,
    draining,
    free: async () => {
      await close();
      closeServices(clients);
    },
  });
}
