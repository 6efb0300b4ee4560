import { run } from '#serve';
import { startOrchestrator } from './orchestrator.js';

void run('orchestrator', startOrchestrator);
