import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { systemClock } from '#clock';
import { type Config, loadConfig } from '#config';
import { Metrics } from '#metrics';
import { CannotStart, Fault } from '#problem';
import { ElasticsearchIndices, type IndexerParts, IndexMoved, OwnerServices, openElasticsearch } from '#search-index';
import { closeServices, connectServices } from '#serve';
import { EXIT_CANNOT, EXIT_INTERRUPTED, runCommand } from '../command.js';

/** A page of concerts takes a second at most: nothing for so long, and it will not come. */
const STALLED_AFTER_MS = 120_000;
/** A service that is only busy has answered within this; one that is not there is not waited for longer. */
const FOUND_WITHIN_MS = 15_000;
const ASK_AGAIN_MS = 250;

/** What such a command works with. */
export interface OnIndex {
  parts: IndexerParts;
  services: OwnerServices;
  /** Aborted when somebody interrupts it, and when nothing went on for too long. */
  signal: AbortSignal;
  /** Says that something went on. */
  alive(): void;
}

/**
 * Runs a command that works on the search index, with the services and the Elasticsearch of the configuration.
 * @param work returns the exit code
 * @returns 2 for a wrong command or when it cannot be done, 78 for a wrong configuration, 130 when it was interrupted
 */
export function runOnIndex(help: string, work: (on: OnIndex) => Promise<number>): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort(new Error('interrupted')));
  return runCommand(
    async () => {
      const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
      if (!values.help) return onIndex(interrupted.signal, work);
      process.stdout.write(help);
      return 0;
    },
    (error) => {
      if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
      return error instanceof Fault || error instanceof IndexMoved ? EXIT_CANNOT : undefined;
    },
  );
}

/** Resolves when all four services have answered; says on standard error when it has to wait. @throws Fault when one does not */
async function found(services: OwnerServices, signal: AbortSignal): Promise<void> {
  let told = false;
  for (const until = Date.now() + FOUND_WITHIN_MS; ; await sleep(ASK_AGAIN_MS, undefined, { signal })) {
    try {
      await services.storeIds();
      return;
    } catch (error) {
      if (!(error instanceof Fault && error.retryable) || Date.now() > until) throw error;
      if (!told) process.stderr.write(`${error.detail}; trying for ${FOUND_WITHIN_MS / 1_000} s\n`);
      told = true;
    }
  }
}

/** What is of use in the log of a process that goes on is noise in a command that ends; who wants to see all asks for `debug`. */
const levelFor = ({ logLevel }: Config): Config['logLevel'] => (logLevel === 'info' ? 'warn' : logLevel);

async function onIndex(signal: AbortSignal, work: (on: OnIndex) => Promise<number>): Promise<number> {
  const config = loadConfig();
  const { elasticsearch, tombstoneRetentionMs } = config;
  if (!elasticsearch)
    throw new CannotStart('ELASTICSEARCH_URL is empty, in the environment and in .env: there is no search index');
  const logger = pino({ name: 'search-index', level: levelFor(config) }, pino.destination(2));
  const callers = connectServices(config, logger, new Metrics('search-index'));
  const client = await openElasticsearch(elasticsearch);
  const stalled = new AbortController();
  const reason = new Fault('Unavailable', `nothing went on for ${STALLED_AFTER_MS / 1_000} s: is everything there?`);
  const watch = setTimeout(() => stalled.abort(reason), STALLED_AFTER_MS);
  try {
    const parts: IndexerParts = {
      callers,
      indices: new ElasticsearchIndices(client, elasticsearch.alias),
      alias: elasticsearch.alias,
      name: `command-${randomUUID()}`,
      tombstoneRetentionMs,
      clock: systemClock,
      random: Math.random,
      // Also while nothing is left to fill, and it catches up with what changed meanwhile.
      wrote: ({ written, newer }) => {
        if (written + newer > 0) watch.refresh();
      },
      logger,
    };
    const services = new OwnerServices({ ...parts, run: parts.name });
    await found(services, signal);
    return await work({ parts, services, signal: AbortSignal.any([signal, stalled.signal]), alive: () => void watch.refresh() });
  } finally {
    clearTimeout(watch);
    closeServices(callers);
    await client.close();
  }
}
