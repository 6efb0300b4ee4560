import { serveWrites } from '#database';
import { journalWrites } from './journal-writes.sqlite.js';

serveWrites(journalWrites);
