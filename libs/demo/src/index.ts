export { ImpossibleWorld } from './impossible-world.js';
export type { DemoConcert, DemoEvent } from './plans.js';
export { completeOptions, generateWorld, type WorldOptions } from './world.js';
export { writeWorld } from './write-world.js';
