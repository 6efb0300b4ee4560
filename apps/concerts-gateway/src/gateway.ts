import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { type Address, type Config, serviceNames } from '#config';
import { DRAIN_TIMEOUT_MS, RpcClient } from '#rpc';
import { nestLogger, type Running } from '#serve';
import type { Clients } from './clients.js';
import { GatewayModule } from './gateway.module.js';
import { addHooks } from './hooks.js';
import { addOpenApi } from './openapi.js';
import { guardServer, httpServerOptions, ProblemFilter } from './problems.js';
import { Routes } from './routes.js';

/** Answers smaller than this are not worth compressing. */
const COMPRESS_FROM_BYTES = 16_384;
/** Brotli's own default is made for files that are compressed once. */
const BROTLI_QUALITY = 4;

/** Starts the read gateway: connects to the services, which need not be there yet, and listens. */
export async function startGateway(config: Config, logger: Logger): Promise<Running & { address: Address }> {
  const clients = makeClients(config, logger);
  const adapter = new FastifyAdapter(httpServerOptions());
  const fastify = adapter.getInstance();
  const draining = { started: false };
  const routes = new Routes(fastify);
  addHooks(fastify, { config, logger, draining });
  await fastify.register(compress, {
    threshold: COMPRESS_FROM_BYTES,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } },
  });
  fastify.removeContentTypeParser('text/plain');
  const module = GatewayModule.with({ clients, config, draining });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    abortOnError: false,
    // Nest would take forms too; Fastify's own parsers are for JSON, and for the text that is taken out here.
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(logger, routes));
  if (config.corsOrigins === '*' || config.corsOrigins.length > 0) {
    app.enableCors({
      origin: config.corsOrigins,
      methods: ['GET', 'HEAD', 'POST'],
      strictPreflight: false,
      exposedHeaders: ['ETag', 'Link', 'Next-Cursor', 'Partial', 'Retry-After', 'Served-By', 'Server-Timing', 'X-Request-Id'],
    });
  }
  addOpenApi(app);
  guardServer(fastify);
  const address = { host: config.host, port: 0 };
  try {
    await app.init();
    // Not Nest's own, which logs the error that it also throws.
    const url = await fastify.listen({ host: config.host, port: config.gatewayPort });
    address.port = Number(new URL(url).port);
  } catch (error) {
    closeAll(clients);
    throw error;
  }
  logger.info(address, 'the gateway answers');
  let closed: Promise<void> | undefined;
  const closeOnce = async () => {
    draining.started = true;
    // A client that does not read its answer would hold the server open for ever.
    const giveUp = setTimeout(() => fastify.server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    await app.close();
    clearTimeout(giveUp);
    closeAll(clients);
  };
  return {
    address,
    close: () => {
      closed ??= closeOnce();
      return closed;
    },
  };
}

function makeClients(config: Config, logger: Logger): Clients {
  const client = (service: (typeof serviceNames)[number]) => new RpcClient({ service, ...config.services[service] }, { logger });
  return { bands: client('bands'), venues: client('venues'), events: client('events'), concerts: client('concerts') };
}

const closeAll = (clients: Clients): void => {
  for (const service of serviceNames) clients[service].close();
};
