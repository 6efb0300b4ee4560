import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '#clock';
import { loadConfig } from '#config';
import { Metrics } from '#metrics';
import { CannotStart, Fault } from '#problem';
import { ElasticsearchIndices, type IndexerParts, openElasticsearch } from '#search-index';
import { closeServices, connectServices } from '#serve';

export const EXIT_FINDINGS = 1;
const EXIT_CANNOT = 2;
const EXIT_INTERRUPTED = 130;

/** What such a command works with; the signal is aborted when somebody interrupts it. */
export interface OnIndex {
  parts: IndexerParts;
  signal: AbortSignal;
}

/**
 * Runs a command that works on the search index, with the services and the Elasticsearch of the configuration.
 * @param work returns the exit code
 * @returns 2 for a wrong command, or when it cannot be done; 130 when it was interrupted
 */
export async function runOnIndex(help: string, work: (on: OnIndex) => Promise<number>): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    return await onIndex(interrupted.signal, work);
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    if (!isMisuse(error)) throw error;
    process.stderr.write(`${error.message}; see --help\n`);
    return EXIT_CANNOT;
  }
}

async function onIndex(signal: AbortSignal, work: (on: OnIndex) => Promise<number>): Promise<number> {
  const config = loadConfig();
  const { elasticsearch, tombstoneRetentionMs } = config;
  if (!elasticsearch) throw new CannotStart('ELASTICSEARCH_URL is empty: there is no search index');
  const logger = pino({ name: 'search-index', level: config.logLevel }, pino.destination(2));
  const callers = connectServices(config, logger, new Metrics('search-index'));
  const client = await openElasticsearch(elasticsearch);
  try {
    const parts: IndexerParts = {
      callers,
      indices: new ElasticsearchIndices(client, elasticsearch.alias),
      alias: elasticsearch.alias,
      name: `command-${randomUUID()}`,
      tombstoneRetentionMs,
      clock: systemClock,
      random: Math.random,
      logger,
    };
    return await work({ parts, signal });
  } finally {
    closeServices(callers);
    await client.close();
  }
}

function isMisuse(error: unknown): error is Error {
  if (error instanceof CannotStart || error instanceof Fault) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
