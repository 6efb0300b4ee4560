import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Address, readConfig, type ServiceName, serviceNames } from '#config';
import { RpcClient } from '#rpc';
import { type Running, startOwnerService } from '#serve';
import { bandsService } from '../../apps/bands/src/bands.module.js';
import { concertsService } from '../../apps/concerts/src/concerts.module.js';
import { startGateway } from '../../apps/concerts-gateway/src/gateway.js';
import { eventsService } from '../../apps/events/src/events.module.js';
import { startIndexer } from '../../apps/indexer/src/indexer.js';
import { startOrchestrator } from '../../apps/orchestrator/src/orchestrator.js';
import { venuesService } from '../../apps/venues/src/venues.module.js';
import { loadRows, type Rows } from '../../bench/support/load-rows.js';
import { ApiClient } from './api-client.js';

const owners = { bands: bandsService, venues: venuesService, events: eventsService, concerts: concertsService };
const logger = pino({ level: 'silent' });
/** A test's own calls: long enough for a busy machine, short enough to fail before the test does. */
const CALL_TIMEOUT_MS = 20_000;

/** The tokens that the tests write with, as WRITE_TOKENS says them. */
const WRITE_TOKEN = 'local:0123456789abcdef0123456789abcdef';

interface Parts {
  /** Of the gateway. */
  url: string;
  /** The gateway, as its OpenAPI document describes it. */
  api: ApiClient;
  /** The orchestrator likewise, with a token. */
  writes: ApiClient;
  clients: Record<ServiceName, RpcClient>;
  addresses: Record<ServiceName, Address>;
  environment: Readonly<Record<string, string>>;
  closers: Record<ServiceName | 'gateway' | 'orchestrator' | 'folder', () => Promise<void>>;
}

/** The whole system in this process, on free ports and stores of its own: four services, the gateway and the orchestrator. */
export class System {
  readonly url: Parts['url'];
  readonly api: Parts['api'];
  readonly writes: Parts['writes'];
  readonly clients: Parts['clients'];
  readonly addresses: Parts['addresses'];

  private readonly indexers: Running[] = [];

  private constructor(private readonly parts: Parts) {
    this.url = parts.url;
    this.api = parts.api;
    this.writes = parts.writes;
    this.clients = parts.clients;
    this.addresses = parts.addresses;
  }

  /** @param variables as an environment would say them; without `MONGO_URL` the stores are SQLite files */
  static async start(variables: Record<string, string> = {}): Promise<System> {
    const dataDir = await mkdtemp(join(tmpdir(), 'backline-test-'));
    const environment = { DATA_DIR: dataDir, WRITE_TOKENS: WRITE_TOKEN, ...zeroPorts, ...variables };
    const config = readConfig(environment);
    const start = (name: ServiceName) => startOwnerService(owners[name], config, logger);
    const [bands, venues, events, concerts] = await Promise.all([
      start('bands'),
      start('venues'),
      start('events'),
      start('concerts'),
    ]);
    const addresses = { bands: bands.address, venues: venues.address, events: events.address, concerts: concerts.address };
    const urls = Object.fromEntries(
      serviceNames.map((name) => [`${name.toUpperCase()}_URL`, `tcp://${addresses[name].host}:${addresses[name].port}`]),
    );
    const reachable = readConfig({ ...urls, ...environment });
    const [gateway, orchestrator] = await Promise.all([startGateway(reachable, logger), startOrchestrator(reachable, logger)]);
    const url = urlOf(gateway.address);
    const token = { authorization: `Bearer ${WRITE_TOKEN.split(':')[1]}` };
    const client = (service: ServiceName) => new RpcClient({ service, ...addresses[service] });
    const clients = { bands: client('bands'), venues: client('venues'), events: client('events'), concerts: client('concerts') };
    const writes = await ApiClient.of(urlOf(orchestrator.address), token);
    const closers = {
      bands: bands.close,
      venues: venues.close,
      events: events.close,
      concerts: concerts.close,
      gateway: gateway.close,
      orchestrator: orchestrator.close,
      folder: () => rm(dataDir, { recursive: true, force: true }),
    };
    return new System({
      url,
      api: await ApiClient.of(url),
      writes,
      clients,
      addresses,
      environment: { ...urls, ...environment },
      closers,
    });
  }

  load(rows: Rows): Promise<void> {
    return loadRows(this.clients, rows);
  }

  /** Ends one process, as if its host had gone. */
  stop(name: ServiceName | 'orchestrator'): Promise<void> {
    return this.parts.closers[name]();
  }

  /** Starts a stopped process again, on the store and the port that it had. */
  async restart(name: ServiceName | 'orchestrator'): Promise<void> {
    const { environment, addresses, closers } = this.parts;
    const running =
      name === 'orchestrator'
        ? await startOrchestrator(readConfig({ ...environment, ORCHESTRATOR_HTTP_PORT: new URL(this.writes.url).port }), logger)
        : await startOwnerService(
            owners[name],
            readConfig({ ...environment, [`${name.toUpperCase()}_TCP_PORT`]: String(addresses[name].port) }),
            logger,
          );
    closers[name] = running.close;
  }

  /** Starts an indexer, which needs ELASTICSEARCH_URL. @param variables of its own */
  async startIndexer(variables: Record<string, string> = {}): Promise<{ api: ApiClient; close(): Promise<void> }> {
    const indexer = await startIndexer(readConfig({ ...this.parts.environment, ...variables }), logger);
    this.indexers.push(indexer);
    return { api: await ApiClient.of(urlOf(indexer.address)), close: indexer.close };
  }

  context = () => ({ deadline: Date.now() + CALL_TIMEOUT_MS, requestId: 'test', traceId: 'test' });

  async close(): Promise<void> {
    await Promise.all(this.indexers.map((indexer) => indexer.close()));
    for (const name of serviceNames) this.clients[name].close();
    await Promise.all([this.parts.closers.gateway(), this.parts.closers.orchestrator()]);
    await Promise.all(serviceNames.map((name) => this.parts.closers[name]()));
    await this.parts.closers.folder();
  }
}

const urlOf = ({ host, port }: Address): string => `http://${host}:${port}`;

const zeroPorts = {
  GATEWAY_HTTP_PORT: '0',
  ORCHESTRATOR_HTTP_PORT: '0',
  INDEXER_HTTP_PORT: '0',
  BANDS_TCP_PORT: '0',
  VENUES_TCP_PORT: '0',
  EVENTS_TCP_PORT: '0',
  CONCERTS_TCP_PORT: '0',
};
