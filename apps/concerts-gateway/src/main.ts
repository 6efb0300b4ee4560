import { run } from '#serve';
import { startGateway } from './gateway.js';

void run('concerts-gateway', startGateway);
