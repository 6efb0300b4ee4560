import { afterAll, beforeAll } from '@jest/globals';
import type { StoreLogger } from '#database';
import type { BandStore, StoreLocation, Within } from '../src/index.js';

/** What the contract suite must know of a store beside the port: where it lies, and how it may differ. */
export interface StoreUnderTest {
  store: 'sqlite' | 'mongodb';
  /** An empty place for stores. */
  newPlace(): Promise<Omit<StoreLocation, 'name'>>;
  /** Makes the store at a place one of a later version of the program. */
  makeNewer(location: StoreLocation): Promise<void>;
  /** Makes the records at a place those of an earlier version, which did not know a field. */
  removeField(location: StoreLocation, field: string): Promise<void>;
}

type Closable = Pick<BandStore, 'close'>;
type Open<Store> = (location: StoreLocation, logger: StoreLogger) => Promise<Store>;

export const silent: StoreLogger = { info: () => undefined, warn: () => undefined };

/** Long enough for a busy machine. */
export const soon = (): Within => ({ deadline: Date.now() + 20_000 });
export const past: Within = { deadline: Date.now() - 1 };

/** One store in an empty place for the tests of a group. */
export function storeForTests<Store extends Closable>(
  { newPlace }: StoreUnderTest,
  name: string,
  open: Open<Store>,
): () => Store {
  let store: Store | undefined;
  beforeAll(async () => {
    store = await open({ name, ...(await newPlace()) }, silent);
  });
  afterAll(() => store?.close());
  return () => {
    if (!store) throw new Error('a store is there only while tests run');
    return store;
  };
}
