export type { DemoBand } from './bands.js';
export type { Happening } from './happenings.js';
export { ImpossibleWorld } from './impossible-world.js';
export type { DemoConcert, DemoEvent } from './plans.js';
export type { DemoVenue } from './venues.js';
export { generateWorld, type World, type WorldOptions } from './world.js';
export { type WorldCounts, writeWorld } from './write-world.js';
