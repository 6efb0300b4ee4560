import { parseArgs } from 'node:util';
import { loads, machine } from '../support/machine.js';
import { OwnElasticsearch } from '../support/own-elasticsearch.js';
import { OwnMongo } from '../support/own-mongo.js';
import { IndexedSystem } from './indexed-system.js';

const EXIT_BROKEN = 1;
const EXIT_USAGE = 2;
const SHOWN_LINES = 50;

type Sizes = Record<string, number>;

/** What a benchmark of the search index works with. */
export interface IndexBench<S extends Sizes> {
  sizes: S;
  elasticsearch: OwnElasticsearch;
  system: IndexedSystem;
}

/**
 * Runs a benchmark of the search index, on a system of processes with an Elasticsearch and stores of its own, as the command
 * line says: `--store sqlite|mongodb`, `--proxy` for proxies that do harm around the indexer, and each size by its name.
 * Exits with 1 when a promise was broken, and with 2 for a wrong command.
 * @param sizes what they are unless the command says otherwise
 * @param measure prints figures, and returns a line for each promise that was broken
 */
export async function runIndexBench<S extends Sizes>(
  sizes: S,
  measure: (bench: IndexBench<S>) => Promise<readonly string[]>,
): Promise<void> {
  const given = readArguments(sizes);
  if (!given) {
    process.exitCode = EXIT_USAGE;
    return;
  }
  await using stack = new AsyncDisposableStack();
  const mongo = given.store === 'mongodb' ? await OwnMongo.start() : undefined;
  if (mongo) stack.defer(() => mongo.stop());
  const elasticsearch = await OwnElasticsearch.start({ isMeasured: true });
  stack.defer(() => elasticsearch.stop());
  console.log(`${machine()}\n${JSON.stringify(given)}`);
  const system = await IndexedSystem.start({ elasticsearch, mongoUrl: mongo?.url, isDisturbed: given.isDisturbed });
  stack.defer(() => system.close());
  const broken = await measure({ sizes: given.sizes, elasticsearch, system });
  for (const line of broken.slice(0, SHOWN_LINES)) console.log(`  ${line}`);
  console.log(broken.length === 0 ? 'all as it must be' : `WRONG: ${broken.length} promises broken`);
  console.log(`load at the end: ${loads()}`);
  if (broken.length > 0) process.exitCode = EXIT_BROKEN;
}

function readArguments<S extends Sizes>(sizes: S): { store: string; isDisturbed: boolean; sizes: S } | undefined {
  const text = { type: 'string' } as const;
  const ofSizes = Object.fromEntries(Object.keys(sizes).map((name) => [name, text]));
  const options = { ...ofSizes, store: text, proxy: { type: 'boolean' } } as const;
  try {
    const { store = 'sqlite', proxy, ...rest } = parseArgs({ options }).values;
    if (store !== 'sqlite' && store !== 'mongodb') throw new Error(`--store is sqlite or mongodb, not ${store}`);
    const given = Object.entries(rest).map(([name, value]) => [name, wholeNumber(String(value))]);
    return { store, isDisturbed: proxy === true, sizes: { ...sizes, ...Object.fromEntries(given) } };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new Error(`${text} is no whole number`);
  return Number(text);
}
