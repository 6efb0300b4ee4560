import { letReadsGoFirst } from '#database';
import { run } from '#serve';
import { startIndexer } from './indexer.js';

letReadsGoFirst();
void run('indexer', startIndexer);
