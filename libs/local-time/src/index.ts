export { localDate, startOfLocalDay, startOfNextLocalDay } from './local-day.js';
export { isTimeZone, timeZoneOf } from './time-zone.js';
