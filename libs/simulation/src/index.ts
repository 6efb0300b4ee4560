export { Faults, Names, Network } from './faults.js';
export { Draw } from './random.js';
export { type Omitted, type RunResult, shrunk } from './shrink.js';
export { EPOCH_MS, Process, World } from './world.js';
