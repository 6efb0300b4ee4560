import { serveWrites } from '#database';
import { operationsOf } from './operations.sqlite.js';

// What runs in the thread that writes a store: the operations of its kind of record, which it is started with.

serveWrites((db, table: keyof typeof operationsOf) => operationsOf[table](db));
