export { type Clock, sleep, systemClock } from './clock.js';
