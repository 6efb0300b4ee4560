import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Address } from '#config';
import type { Metrics } from '#metrics';
import { DRAIN_TIMEOUT_MS } from '#rpc';
import { nestLogger, type Running } from '#serve';
import { addHooks } from './hooks.js';
import { HttpMetrics } from './http-metrics.js';
import { guardServer, httpServerOptions } from './http-server.js';
import { addMetricsRoute, type MetricsOfOthers } from './metrics-route.js';
import { type ApiDescription, addOpenApi } from './openapi.js';
import { ProblemFilter, type TakenElsewhere } from './problem-filter.js';
import { Routes } from './routes.js';

/** Answers smaller than this are not worth compressing. */
const COMPRESS_FROM_BYTES = 16_384;
/** Brotli's own default is made for files that are compressed once. */
const BROTLI_QUALITY = 4;

export interface HttpApp {
  /** What the log calls it. */
  name: string;
  module: DynamicModule;
  address: Address;
  logger: Logger;
  metrics: Metrics;
  /** Metrics that it shows beside its own. */
  metricsOfOthers?: MetricsOfOthers;
  /** What an answer to a GET says about caching where it does not say it itself. */
  cacheControl: string;
  /** Which web pages may call it. */
  cors: { origins: string[] | '*'; methods: string[]; exposedHeaders: string[] };
  api: ApiDescription;
  takenElsewhere?: TakenElsewhere;
  /** What it adds to the server before its routes. */
  prepare?(fastify: FastifyInstance): void;
  /** Aborted when it is closed: from then on answers are given soon. */
  draining: AbortController;
  /** Frees what the answers needed, after the last of them, and also when it cannot start. */
  free(): void | Promise<void>;
}

/** Starts a Nest application on Fastify, with all that the HTTP applications of this project have in common. */
export async function startHttpApp(options: HttpApp): Promise<Running & { address: Address }> {
  const { name, module, logger, cors, draining } = options;
  const adapter = new FastifyAdapter(httpServerOptions());
  const fastify = adapter.getInstance();
  const routes = new Routes(fastify);
  const metrics = new HttpMetrics(options.metrics);
  addHooks(fastify, { cacheControl: options.cacheControl, logger, metrics, draining: draining.signal });
  await fastify.register(compress, {
    threshold: COMPRESS_FROM_BYTES,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } },
  });
  fastify.removeContentTypeParser('text/plain');
  options.prepare?.(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    abortOnError: false,
    // Nest would take forms too; Fastify's own parsers are for JSON, and for the text that is taken out here.
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(logger, routes, options.takenElsewhere));
  if (cors.origins === '*' || cors.origins.length > 0) {
    app.enableCors({
      origin: cors.origins,
      methods: cors.methods,
      strictPreflight: false,
      exposedHeaders: cors.exposedHeaders,
    });
  }
  addOpenApi(app, options.api);
  addMetricsRoute(fastify, options.metrics, options.metricsOfOthers);
  guardServer(fastify);
  const address = { host: options.address.host, port: 0 };
  try {
    await app.init();
    // Not Nest's own, which logs the error that it also throws.
    const url = await fastify.listen(options.address);
    address.port = Number(new URL(url).port);
  } catch (error) {
    await options.free();
    throw error;
  }
  logger.info(address, `${name} answers`);
  let closed: Promise<void> | undefined;
  const closeOnce = async () => {
    draining.abort();
    // A client that does not read its answer would hold the server open for ever.
    const giveUp = setTimeout(() => fastify.server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    await app.close();
    clearTimeout(giveUp);
    await options.free();
  };
  return {
    address,
    close: () => {
      closed ??= closeOnce();
      return closed;
    },
  };
}
