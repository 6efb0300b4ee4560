import { at, type Random } from './random.js';
import type { DemoVenue } from './venues.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A fixed window, so that a seed makes the same world in every year. */
const FIRST_DAY_MS = Date.UTC(2010, 0, 1);
export const DAYS = (Date.UTC(2030, 0, 1) - FIRST_DAY_MS) / DAY_MS;

/** The window begins on a Friday, if Monday is 0. */
const FIRST_WEEKDAY = 4;
/** Monday to Sunday, against the best day. */
const weekdayShares = [0.3, 0.4, 0.5, 0.6, 0.95, 1, 0.45];

/** When shows start, in minutes of the local day, the usual first. One bit of a byte each. */
const showMinutes = [20 * 60, 19 * 60 + 30, 20 * 60 + 30, 19 * 60, 21 * 60, 19 * 60 + 45, 20 * 60 + 15, 22 * 60];
const ALL_SHOWS = 0xff;

/** A festival plays every half hour from 17:00 on to the headliners at 22:30. */
const HEADLINER_MINUTE = 22 * 60 + 30;
const SET_MINUTES = 30;
const SETS_BEFORE_HEADLINER = 11;

export const yearOfDay = (day: number): number => new Date(FIRST_DAY_MS + day * DAY_MS).getUTCFullYear();

/** A day of the window, rather at a weekend. */
export function anyDay(random: Random): number {
  for (;;) {
    const day = random.between(0, DAYS - 1);
    if (random.chance(at(weekdayShares, (FIRST_WEEKDAY + day) % weekdayShares.length))) return day;
  }
}

/**
 * The evenings of the venues that are still free. No two shows have one venue and one time, so no band can play
 * twice in one place at one time, and nobody need remember all concerts to know.
 */
export class Evenings {
  readonly #taken: Uint8Array;
  readonly #midnights = new Map<string, Float64Array>();

  constructor(readonly venues: readonly DemoVenue[]) {
    this.#taken = new Uint8Array(venues.length * DAYS);
  }

  /** The time (epoch ms) of a show that is now taken, or undefined if the day is full. */
  takeShow(venueIndex: number, day: number, random: Random): number | undefined {
    const evening = venueIndex * DAYS + day;
    const taken = this.#taken[evening] ?? ALL_SHOWS;
    if (taken === ALL_SHOWS) return undefined;
    // The smaller of two dice: the usual times more often.
    let show = Math.min(random.between(0, showMinutes.length - 1), random.between(0, showMinutes.length - 1));
    while (taken & (1 << show)) show = (show + 1) % showMinutes.length;
    this.#taken[evening] = taken | (1 << show);
    return this.#midnight(venueIndex, day) + at(showMinutes, show) * MINUTE_MS;
  }

  /** Takes whole days in a row, if all are free. */
  takeDays(venueIndex: number, day: number, count: number): boolean {
    const evening = venueIndex * DAYS + day;
    if (day + count > DAYS || this.#taken.subarray(evening, evening + count).some((taken) => taken !== 0)) return false;
    this.#taken.fill(ALL_SHOWS, evening, evening + count);
    return true;
  }

  /** The time (epoch ms) of a set on a festival's day: the headliner's is number 0, the one before it 1. */
  setTime(venueIndex: number, day: number, set: number): number {
    const minute = HEADLINER_MINUTE - (set % (SETS_BEFORE_HEADLINER + 1)) * SET_MINUTES;
    return this.#midnight(venueIndex, day) + minute * MINUTE_MS;
  }

  #midnight(venueIndex: number, day: number): number {
    const { timeZone } = at(this.venues, venueIndex);
    let midnights = this.#midnights.get(timeZone);
    if (!midnights) {
      midnights = midnightsOf(timeZone);
      this.#midnights.set(timeZone, midnights);
    }
    return midnights[day] ?? Number.NaN;
  }
}

/** What minutes of an evening are counted from: midnight, if the clocks had not changed until the evening. */
function midnightsOf(timeZone: string): Float64Array {
  const start = Temporal.Instant.fromEpochMilliseconds(FIRST_DAY_MS).toZonedDateTimeISO(timeZone);
  let offsetMs = start.offsetNanoseconds / 1e6;
  let change = start.getTimeZoneTransition('next');
  return Float64Array.from({ length: DAYS }, (_, day) => {
    const localMs = FIRST_DAY_MS + day * DAY_MS;
    while (change && change.epochMilliseconds <= localMs + DAY_MS / 2 - offsetMs) {
      offsetMs = change.offsetNanoseconds / 1e6;
      change = change.getTimeZoneTransition('next');
    }
    return localMs - offsetMs;
  });
}
