import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import type { Address, Config, ServiceName } from '#config';
import { Metrics } from '#metrics';
import { RpcServer } from '#rpc';
import type { RecordStore, StoreLocation } from '#store';
import { nestLogger } from './logger.js';
import { metricsController, storeMetrics } from './owner-metrics.js';
import { purgeHourly } from './purge-hourly.js';
import { type Running, run } from './run.js';

/** The token under which a service's controller gets its store. */
export const STORE = Symbol('store');

/** What every store has, whatever its records. */
type OwnedStore = Pick<RecordStore<unknown, unknown, unknown>, 'identity' | 'feed' | 'count' | 'close'>;

/** An owner service: the Nest module that answers its calls, and what opens its store. */
export interface OwnerService {
  name: ServiceName;
  module: Type;
  openStore(location: StoreLocation, logger: Logger): Promise<OwnedStore>;
}

/** The whole of an owner service's `main`. */
export const serve = (service: OwnerService): Promise<void> =>
  run(service.name, (config, logger) => startOwnerService(service, config, logger));

const withStore = (module: Type, store: OwnedStore, ofMetrics: Type): DynamicModule => ({
  module: class OwnerServiceModule {},
  global: true,
  imports: [module],
  controllers: [ofMetrics],
  providers: [{ provide: STORE, useValue: store }],
  exports: [STORE],
});

/** Opens the store, then listens. @throws CannotStart when it never can */
export async function startOwnerService(
  { name, module, openStore }: OwnerService,
  config: Config,
  logger: Logger,
): Promise<Running & { address: Address }> {
  const { dataDir, mongoUrls, tombstoneRetentionMs } = config;
  const store = await openStore({ name, dataDir, mongoUrl: mongoUrls[name], tombstoneRetentionMs }, logger);
  const metrics = new Metrics(name);
  storeMetrics(metrics, store);
  const server = new RpcServer({ host: config.host, port: config.ports[name], logger, metrics });
  const app = await NestFactory.createMicroservice(withStore(module, store, metricsController(name, metrics)), {
    strategy: server,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  try {
    await app.listen();
  } catch (error) {
    await store.close();
    throw error;
  }
  const address = { host: config.host, port: server.address().port };
  logger.info({ ...address, mongodb: mongoUrls[name] !== undefined }, `${name} answers`);
  const endPurging = purgeHourly(store.feed, tombstoneRetentionMs, logger);
  let closed: Promise<void> | undefined;
  const closeOnce = async () => {
    endPurging();
    // They would hold up the others, which are answered in a moment.
    store.feed.endWaits();
    await server.drain();
    await app.close();
    await store.close();
  };
  return {
    address,
    close: () => {
      closed ??= closeOnce();
      return closed;
    },
  };
}
