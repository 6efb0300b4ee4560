import { type BandRow, type ConcertRow, concertStatuses, type EventRow, MAX_ID, type VenueRow } from '#contracts';
import { Random } from './random.js';

type Stated<Row> = Row & { id: number };
type VenueOf = Stated<VenueRow> & { timeZone: string };

/** What the suite asks about: every row states its id, and every venue its zone. */
export interface World {
  bands: Stated<BandRow>[];
  venues: VenueOf[];
  events: Stated<EventRow>[];
  concerts: Stated<ConcertRow>[];
}

/** Places that the suite asks about by name. */
export const places = {
  paris: { latitude: 48.857931, longitude: 2.350144 },
  /** 300 venues, none of which has had a concert since 1999. */
  outback: { latitude: -25, longitude: 133 },
  /** 5,000 venues, hardly any of which has concerts. */
  prairie: { latitude: 40, longitude: -100 },
  /** 100 venues, all of whose concerts are on 2015-07-01. */
  festivalTown: { latitude: 64.1, longitude: -21.9 },
  dateLine: { latitude: -17, longitude: 180 },
};

/** The clocks of these places matter: each has a concert every half hour around the days named here. */
export const clockPlaces = [
  { name: 'Kiritimati', timeZone: 'Pacific/Kiritimati', latitude: 1.87, longitude: -157.4, days: ['2024-05-01'] },
  { name: 'Baker Island', timeZone: 'Etc/GMT+12', latitude: 0.19, longitude: -176.48, days: ['2024-05-01'] },
  { name: 'New York', timeZone: 'America/New_York', latitude: 40.71, longitude: -74, days: ['2024-03-10', '2024-11-03'] },
  // Its clocks went back at 00:01: part of the old day came after the first minute of the new one.
  { name: "St. John's", timeZone: 'America/St_Johns', latitude: 47.56, longitude: -52.71, days: ['2006-10-29'] },
  // It went over the date line and had no 30 December.
  { name: 'Apia', timeZone: 'Pacific/Apia', latitude: -13.83, longitude: -171.77, days: ['2011-12-30'] },
  { name: 'Kathmandu', timeZone: 'Asia/Kathmandu', latitude: 27.71, longitude: 85.32, days: ['2024-05-01'] },
];

/** Ids with a meaning to the suite. */
export const ids = { quietBand: 149, quietVenue: 8_000, stages: [8_001, 8_002], unknown: 3_999_999_999 };

const BANDS = 150;
const EVENTS = 60;
const HALF_HOUR_MS = 1_800_000;
const DAY_MS = 86_400_000;
const zones = [
  'UTC',
  'Europe/Paris',
  'America/New_York',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Pacific/Auckland',
  'America/St_Johns',
];
const START = Date.UTC(2000, 0, 1, 20);
const DAYS = 9_000;

/** The same world each time: a few thousand concerts, with everything in it that a read model may get wrong. */
export function makeWorld(): World {
  const random = new Random(1);
  const venues = makeVenues(random);
  return {
    bands: Array.from({ length: BANDS }, (_, index) => ({ id: index + 1, name: `Band ${index + 1}` })),
    venues,
    events: Array.from({ length: EVENTS }, (_, index) => ({
      id: index + 1,
      name: `Event ${index + 1}`,
      kind: 'festival',
      startDate: START,
      endDate: START,
    })),
    concerts: makeConcerts(random, venues),
  };
}

function makeVenues(random: Random): VenueOf[] {
  const venues: VenueOf[] = [];
  const add = (id: number, latitude: number, longitude: number, timeZone = random.pick(zones)) =>
    venues.push({ id, name: `Venue ${id}`, latitude, longitude, timeZone });
  const addMany = (firstId: number, count: number, position: () => [latitude: number, longitude: number]) => {
    for (let id = firstId; id < firstId + count; id++) add(id, ...position());
  };
  const near =
    ({ latitude, longitude }: { latitude: number; longitude: number }, spread: number) =>
    () =>
      [random.around(latitude, spread), random.around(longitude, spread)] as [number, number];
  addMany(1, 60, near(places.paris, 0.4));
  addMany(101, 300, () => [random.around(0, 90), random.around(0, 180)]);
  addMany(1_001, 300, near(places.outback, 0.3));
  addMany(2_001, 5_000, near(places.prairie, 15));
  for (let id = 1_501; id <= 1_600; id++) add(id, ...near(places.festivalTown, 0.05)(), 'Atlantic/Reykjavik');
  for (const [index, longitude] of [180, -180, 179.9999, -179.9999, 179.5, -179.5, 170].entries())
    add(7_101 + index, places.dateLine.latitude, longitude);
  for (const [index, [latitude, longitude]] of poles.entries()) add(7_201 + index, latitude, longitude);
  for (const [index, { latitude, longitude, timeZone }] of clockPlaces.entries())
    add(7_301 + index, latitude, longitude, timeZone);
  add(ids.quietVenue, 48.86, 2.35);
  for (const id of ids.stages) add(id, 51.15, -2.58);
  return venues;
}

const poles = [
  [90, 0],
  [90, 120],
  [89.95, 10],
  [89.95, -170],
  [-90, 0],
  [-90, -75],
  [-89.9, 40],
] as const;

function makeConcerts(random: Random, venues: readonly VenueOf[]): Stated<ConcertRow>[] {
  const concerts: Stated<ConcertRow>[] = [];
  const usedIds = new Set<number>();
  // Ids of any length, in no order: 999 comes before 9999 though "999" does not.
  const newId = () => {
    let id: number;
    do id = random.between(1, random.pick([999, 99_999, MAX_ID]));
    while (usedIds.has(id));
    usedIds.add(id);
    return id;
  };
  const add = (venueId: number, date: number, row: Partial<ConcertRow> = {}) =>
    concerts.push({
      id: newId(),
      // A few bands play most of the concerts.
      bandId: 1 + Math.floor((BANDS - 2) * random.fraction() ** 3),
      venueId,
      date,
      eventId: random.chance(0.3) ? random.between(1, EVENTS - 1) : null,
      status: random.chance(0.85) ? 'scheduled' : random.pick(concertStatuses),
      role: random.pick(['headliner', 'support']),
      ...row,
    });
  // Most concerts begin at 20:00, so that many share their date.
  const evening = () => START + random.between(0, DAYS) * DAY_MS + (random.chance(0.2) ? random.between(0, DAY_MS) : 0);
  const inParis = venues.filter(({ id }) => id < 100);
  const elsewhere = venues.filter(({ id }) => (id > 100 && id < 1_000) || (id > 7_000 && id !== ids.quietVenue));
  for (let n = 0; n < 5_000; n++) add(random.pick(inParis).id, evening());
  for (let n = 0; n < 4_000; n++) add(random.pick(elsewhere).id, evening());
  for (const { id } of venues.filter(({ id }) => id > 1_000 && id <= 1_300))
    for (let n = 0; n < 4; n++) add(id, Date.UTC(random.between(1995, 1999), 5, random.between(1, 28), 10));
  for (let n = 0; n < 3_000; n++) add(random.between(1_501, 1_600), Date.UTC(2015, 6, 1, random.between(0, 23)));
  for (const [index, { days }] of clockPlaces.entries()) {
    for (const day of days)
      for (let step = -80; step <= 100; step++)
        add(7_301 + index, Date.parse(day) + step * HALF_HOUR_MS, { status: 'scheduled' });
  }
  // What a concert refers to may be unknown to its owner.
  for (let n = 0; n < 6; n++) add(random.pick(inParis).id, evening(), { bandId: ids.unknown, eventId: ids.unknown });
  for (let n = 0; n < 6; n++) add(ids.unknown, evening());
  return concerts;
}
