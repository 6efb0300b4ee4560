import { expect, test } from '@jest/globals';
import { isTimeZone, timeZoneOf } from './index.js';

test('the time zone of a position is that of its place', () => {
  expect(timeZoneOf({ latitude: 48.857931, longitude: 2.350144 })).toBe('Europe/Paris');
  expect(timeZoneOf({ latitude: 43.6396748, longitude: -79.3535794 })).toBe('America/Toronto');
  expect(timeZoneOf({ latitude: 1.87, longitude: -157.43 })).toBe('Pacific/Kiritimati');
  expect(timeZoneOf({ latitude: -13.83, longitude: -171.77 })).toBe('Pacific/Apia');
  expect(timeZoneOf({ latitude: 45, longitude: -40 })).toBe('Etc/GMT+3');
});

test('every position of a grid over the world has a zone that this runtime knows, the poles and the antimeridian too', () => {
  for (let latitude = -90; latitude <= 90; latitude += 2.5) {
    for (let longitude = -180; longitude <= 180; longitude += 2.5) {
      const timeZone = timeZoneOf({ latitude, longitude });
      if (!isTimeZone(timeZone)) throw new Error(`${timeZone} at ${latitude}, ${longitude} is unknown`);
    }
  }
});

test('a position off the earth is a RangeError', () => {
  expect(() => timeZoneOf({ latitude: 90.1, longitude: 0 })).toThrow(RangeError);
  expect(() => timeZoneOf({ latitude: 0, longitude: Number.NaN })).toThrow(RangeError);
});

test('the names of the database are time zones, links too', () => {
  for (const name of [
    ...Intl.supportedValuesOf('timeZone'),
    'Asia/Calcutta',
    'Asia/Kolkata',
    'UTC',
    'Etc/GMT+12',
    'Etc/GMT-14',
    'EST5EDT',
  ]) {
    expect([name, isTimeZone(name)]).toEqual([name, true]);
  }
});

test('offsets, other spellings and inventions are no time zones', () => {
  const others = [
    '',
    'Z',
    '+02:00',
    '-05',
    'europe/paris',
    'Europe/Atlantis',
    'Europe/Paris ',
    '2020-01-01T00:00[Europe/Paris]',
    'Local',
    '\0',
  ];
  for (const name of others) expect([name, isTimeZone(name)]).toEqual([name, false]);
});
