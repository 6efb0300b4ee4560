import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { loadEnvFile } from 'node:process';
import { CannotStart } from '#problem';
import { type ElasticsearchConfig, readElasticsearch } from './elasticsearch.js';
import { address, days, host as hostName, mongoUrl, oneOf, origins, port, seconds, text, Variables } from './variables.js';
import { type WriteToken, writeTokens } from './write-tokens.js';

export const serviceNames = ['bands', 'venues', 'events', 'concerts'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Something for each service, made in the order of `serviceNames`. */
export const byService = <T>(make: (name: ServiceName) => T): Record<ServiceName, T> => ({
  bands: make('bands'),
  venues: make('venues'),
  events: make('events'),
  concerts: make('concerts'),
});

export interface Address {
  host: string;
  port: number;
}

/** Everything that can be set from outside, read once at start. */
export interface Config {
  /** The address that the processes listen on. */
  host: string;
  gatewayPort: number;
  orchestrator: OrchestratorConfig;
  indexer: IndexerConfig;
  /** The port that each service listens on. */
  ports: Record<ServiceName, number>;
  /** Where each service is reached. */
  services: Record<ServiceName, Address>;
  dataDir: string;
  /** The MongoDB that each service keeps its database in; without one it keeps a SQLite file in `dataDir`. */
  mongoUrls: Record<ServiceName, string | undefined>;
  logLevel: (typeof logLevels)[number];
  corsOrigins: string[] | '*';
  cacheMaxAgeSeconds: number;
  readModel: (typeof readModels)[number];
  /** Where the search index is; nothing when there is none. */
  elasticsearch: ElasticsearchConfig | undefined;
  /** For how long services remember what was deleted. */
  tombstoneRetentionMs: number;
}

interface IndexerConfig {
  port: number;
  /** Under which it leases the index: another one for each that runs at the same time. */
  name: string;
}

interface OrchestratorConfig {
  port: number;
  /** Under which it leases executions: another one for each that runs at the same time. */
  name: string;
  /** Where it keeps its journal; without one in a SQLite file in `dataDir`. */
  mongoUrl: string | undefined;
  /** Who may write; nobody when there is none. */
  writeTokens: WriteToken[];
  idempotencyRetentionMs: number;
  executionRetentionMs: number;
}

const readModels = ['services', 'elasticsearch'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const DEFAULT_PORTS = { bands: 8888, venues: 8889, events: 8886, concerts: 8887 };
const DAY_MS = 86_400_000;
const LOOPBACK = '127.0.0.1';
const ANY_ADDRESS = ['0.0.0.0', '::'];

/**
 * The configuration of this process: from its environment, and from `.env` in the working folder for what the
 * environment does not say.
 * @throws CannotStart naming every variable that is wrong, its value and what is allowed
 */
export function loadConfig(): Config {
  if (existsSync('.env')) loadFile();
  return readConfig(process.env);
}

function loadFile(): void {
  try {
    loadEnvFile('.env');
  } catch (error) {
    throw new CannotStart(`the file .env cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The configuration that an environment describes; an empty one is complete. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const variables = new Variables(environment);
  const host = variables.read('HOST', '127.0.0.1', hostName);
  const ports = byService((name) => variables.read(tcpPortVariable(name), String(DEFAULT_PORTS[name]), port));
  const everyMongoUrl = variables.read('MONGO_URL', '', mongoUrl);
  const config: Config = {
    host,
    gatewayPort: variables.read('GATEWAY_HTTP_PORT', '3000', port),
    orchestrator: readOrchestrator(variables, everyMongoUrl),
    ports,
    services: byService(
      (name) => variables.read(`${prefixOf(name)}_URL`, '', address) ?? { host: hostToReach(host), port: ports[name] },
    ),
    dataDir: variables.read('DATA_DIR', 'data', text),
    mongoUrls: byService((name) => variables.read(`${prefixOf(name)}_MONGO_URL`, '', mongoUrl) ?? everyMongoUrl),
    logLevel: variables.read('LOG_LEVEL', 'info', oneOf(logLevels)),
    corsOrigins: variables.read('CORS_ORIGIN', '', origins),
    cacheMaxAgeSeconds: variables.read('CACHE_MAX_AGE', '0', seconds),
    readModel: variables.read('READ_MODEL', 'services', oneOf(readModels)),
    elasticsearch: readElasticsearch(variables),
    indexer: readIndexer(variables),
    tombstoneRetentionMs: DAY_MS * variables.read('TOMBSTONE_RETENTION_DAYS', '7', days),
  };
  if (config.readModel === 'elasticsearch' && !config.elasticsearch)
    variables.faults.push('READ_MODEL is "elasticsearch", which needs ELASTICSEARCH_URL');
  if (variables.faults.length > 0) throw new CannotStart(variables.faults.join('; '));
  return config;
}

/** What a process is reached at from its own machine. @param host what it listens on, which may be every address */
export const hostToReach = (host: string): string => (ANY_ADDRESS.includes(host) ? LOOPBACK : host);

function readOrchestrator(variables: Variables, everyMongoUrl: string | undefined): OrchestratorConfig {
  const keyDays = variables.read('IDEMPOTENCY_RETENTION_DAYS', '7', days);
  const executionDays = variables.read('EXECUTION_RETENTION_DAYS', '30', days);
  // A key points to its execution, so it cannot be remembered for longer.
  if (executionDays < keyDays)
    variables.faults.push(`EXECUTION_RETENTION_DAYS=${executionDays} must be at least IDEMPOTENCY_RETENTION_DAYS, ${keyDays}`);
  const ownPort = variables.read('ORCHESTRATOR_HTTP_PORT', '3001', port);
  return {
    port: ownPort,
    name: variables.read('ORCHESTRATOR_NAME', `${hostname()}:${ownPort}`, text),
    mongoUrl: variables.read('ORCHESTRATOR_MONGO_URL', '', mongoUrl) ?? everyMongoUrl,
    writeTokens: variables.readSecret('WRITE_TOKENS', writeTokens),
    idempotencyRetentionMs: DAY_MS * keyDays,
    executionRetentionMs: DAY_MS * executionDays,
  };
}

function readIndexer(variables: Variables): IndexerConfig {
  const ownPort = variables.read('INDEXER_HTTP_PORT', '3002', port);
  return { port: ownPort, name: variables.read('INDEXER_NAME', `${hostname()}:${ownPort}`, text) };
}

/** With which the variables of a service begin. */
const prefixOf = (name: ServiceName): string => name.toUpperCase();

/** The variable that sets the port which a service listens on. */
export const tcpPortVariable = (name: ServiceName): string => `${prefixOf(name)}_TCP_PORT`;
