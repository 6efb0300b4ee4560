import { letReadsGoFirst } from '#database';
import { run } from '#serve';
import { startOrchestrator } from './orchestrator.js';

letReadsGoFirst();
void run('orchestrator', startOrchestrator);
