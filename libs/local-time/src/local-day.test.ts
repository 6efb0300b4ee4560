import { describe, expect, test } from '@jest/globals';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { localDate, startOfLocalDay, startOfNextLocalDay } from './index.js';

const HOUR_MS = 3_600_000;
const YEAR_1_MS = Date.UTC(2001, 0, 2) - 2000 * 365.2425 * 24 * HOUR_MS;
const YEAR_9999_MS = Date.UTC(9999, 11, 30);

const random = xoroshiro128plus(20260106);
const between = (low: number, high: number): number => Math.floor(low + (high - low) * uniformFloat64(random));
const extremes = [
  'Pacific/Kiritimati',
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Etc/GMT+12',
  'Etc/GMT-14',
  'Asia/Kathmandu',
  'America/St_Johns',
  'UTC',
];
const zones = [...Intl.supportedValuesOf('timeZone'), ...extremes];
const anyZone = (): string => zones[uniformInt(random, 0, zones.length - 1)] ?? 'UTC';

const zoned = (epochMs: number, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone);
const oracle = (epochMs: number, timeZone: string): string => zoned(epochMs, timeZone).toPlainDate().toString();
const hoursOf = (date: string, timeZone: string): number =>
  (startOfNextLocalDay(date, timeZone) - startOfLocalDay(date, timeZone)) / HOUR_MS;

describe('the local date of an instant', () => {
  test('is that of Temporal for random instants of the years 1 to 9999 in every zone', () => {
    const wrong: object[] = [];
    for (let i = 0; i < 20_000; i++) {
      const timeZone = anyZone();
      const epochMs = i % 2 ? between(YEAR_1_MS, YEAR_9999_MS) : between(Date.UTC(1890, 0), Date.UTC(2040, 0));
      const date = localDate(epochMs, timeZone);
      if (date !== oracle(epochMs, timeZone)) wrong.push({ epochMs, timeZone, date });
    }
    expect(wrong).toEqual([]);
  });

  test('is that of Temporal a millisecond before, at and after each clock change, in whatever order they are asked', () => {
    const wrong: object[] = [];
    for (const timeZone of zones) {
      const changes: number[] = [];
      let next = zoned(Date.UTC(1990, 0), timeZone).getTimeZoneTransition('next');
      for (; next && next.epochMilliseconds < Date.UTC(2030, 0); next = next.getTimeZoneTransition('next'))
        changes.push(next.epochMilliseconds);
      const instants = changes.flatMap((ms) => [ms, ms - 1, ms + 1, ms - HOUR_MS, ms + HOUR_MS]);
      for (const epochMs of [...instants, ...instants.toReversed()]) {
        if (localDate(epochMs, timeZone) !== oracle(epochMs, timeZone)) wrong.push({ epochMs, timeZone });
      }
    }
    expect(wrong).toEqual([]);
  });

  test('has four digits of year, and two of month and day, before the epoch too', () => {
    expect(localDate(-1, 'UTC')).toBe('1969-12-31');
    expect(localDate(0, 'Etc/GMT+12')).toBe('1969-12-31');
    expect(localDate(YEAR_1_MS, 'UTC')).toMatch(/^0001-01-0\d$/);
    expect(localDate(YEAR_9999_MS, 'UTC')).toBe('9999-12-30');
  });

  test('spans three dates over the world at one instant', () => {
    const instant = Date.UTC(2024, 4, 2, 10, 30);
    expect(localDate(instant, 'Pacific/Kiritimati')).toBe('2024-05-03');
    expect(localDate(instant, 'Europe/Paris')).toBe('2024-05-02');
    expect(localDate(instant, 'Etc/GMT+12')).toBe('2024-05-01');
  });

  test('of an unknown zone is a RangeError', () => {
    expect(() => localDate(0, 'Europe/Atlantis')).toThrow(expect.objectContaining({ name: 'RangeError' }));
  });
});

describe('a local day', () => {
  test('begins with the first instant of its date and ends with the last, for random dates in every zone', () => {
    const wrong: object[] = [];
    for (let i = 0; i < 5_000; i++) {
      const timeZone = anyZone();
      const date = oracle(i % 2 ? between(YEAR_1_MS, YEAR_9999_MS) : between(Date.UTC(2012, 0), Date.UTC(2040, 0)), timeZone);
      const start = startOfLocalDay(date, timeZone);
      const end = startOfNextLocalDay(date, timeZone);
      const edges = [start - 1, start, end - 1, end].map((epochMs) => localDate(epochMs, timeZone));
      const [before = '', first, last, after = ''] = edges;
      if (!(before < date && first === date && last === date && after > date)) wrong.push({ timeZone, date, edges });
    }
    expect(wrong).toEqual([]);
  });

  test('has 23 or 25 hours when the clocks change', () => {
    expect(hoursOf('2024-03-30', 'Europe/Paris')).toBe(24);
    expect(hoursOf('2024-03-31', 'Europe/Paris')).toBe(23);
    expect(hoursOf('2024-10-27', 'Europe/Paris')).toBe(25);
    expect(hoursOf('2024-04-07', 'Australia/Lord_Howe')).toBe(24.5);
  });

  test('begins at 01:00 where midnight does not exist', () => {
    const start = startOfLocalDay('2018-11-04', 'America/Sao_Paulo');
    expect(new Date(start).toISOString()).toBe('2018-11-04T03:00:00.000Z');
    expect(zoned(start, 'America/Sao_Paulo').hour).toBe(1);
    expect(hoursOf('2018-11-04', 'America/Sao_Paulo')).toBe(23);
    expect(hoursOf('2018-02-17', 'America/Sao_Paulo')).toBe(25);
  });

  test('that never was has no hours', () => {
    expect(hoursOf('2011-12-29', 'Pacific/Apia')).toBe(24);
    expect(hoursOf('2011-12-30', 'Pacific/Apia')).toBe(0);
    expect(localDate(startOfLocalDay('2011-12-30', 'Pacific/Apia'), 'Pacific/Apia')).toBe('2011-12-31');
  });

  test('begins 14 hours before UTC in the east and 12 after it in the west', () => {
    expect(new Date(startOfLocalDay('2024-01-01', 'Pacific/Kiritimati')).toISOString()).toBe('2023-12-31T10:00:00.000Z');
    expect(new Date(startOfLocalDay('2024-01-01', 'Etc/GMT+12')).toISOString()).toBe('2024-01-01T12:00:00.000Z');
  });

  test('covers the first and the last date of the years 1 to 9999', () => {
    expect(startOfLocalDay('0001-01-01', 'UTC')).toBe(-62_135_596_800_000);
    expect(startOfNextLocalDay('9999-12-31', 'UTC')).toBe(253_402_300_800_000);
  });

  test('of a date that is not in the calendar is a RangeError', () => {
    expect(() => startOfLocalDay('2023-02-29', 'UTC')).toThrow(expect.objectContaining({ name: 'RangeError' }));
    expect(() => startOfNextLocalDay('tomorrow', 'UTC')).toThrow(expect.objectContaining({ name: 'RangeError' }));
  });
});
