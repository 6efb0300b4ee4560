import type { Concert, Event } from '#contracts';
import { anyDay, DAYS, yearOfDay } from './evenings.js';
import { adjectives, nouns } from './names.js';
import { at } from './random.js';
import type { Scene } from './scene.js';

export type DemoConcert = Omit<Concert, 'url' | 'externalIds' | 'version'>;
export type DemoEvent = Omit<Event, 'url' | 'externalIds' | 'version'>;

/** What a happening is before it has ids. */
export interface Plan {
  event: Pick<DemoEvent, 'name' | 'kind'> | null;
  concerts: Omit<DemoConcert, 'id' | 'eventId'>[];
}

const BILL_BANDS = { least: 2, most: 4 };
const FESTIVAL_BANDS = { least: 12, most: 60 };
const FESTIVAL_DAYS = { least: 2, most: 4 };
const TOUR_STOPS = { least: 5, most: 25 };
const REST_DAY_CHANCE = 0.15;

/** One band alone; no concert if that evening is taken. */
export function planShow(scene: Scene): Plan {
  return { event: null, concerts: concertsOfNight(scene, [scene.anyBand().id]) };
}

/** Two to four bands on one evening, the most popular on top; no concert if that evening is taken. */
export function planBill(scene: Scene): Plan {
  const bands = scene.someBands(scene.random.between(BILL_BANDS.least, BILL_BANDS.most));
  const guests = bands.length > 2 ? 'guests' : at(bands, 1).name;
  return {
    event: { name: `${at(bands, 0).name} + ${guests}`, kind: 'bill' },
    concerts: concertsOfNight(
      scene,
      bands.map(({ id }) => id),
    ),
  };
}

/** Many bands at one venue over some days, each day with a headliner; no concert if one of the days is taken. */
export function planFestival(scene: Scene): Plan {
  const { random, evenings } = scene;
  const venueIndex = scene.anyVenue();
  const days = random.between(FESTIVAL_DAYS.least, FESTIVAL_DAYS.most);
  const firstDay = anyDay(random);
  const name = `${scene.cityOfVenue(venueIndex).name} ${random.pick(nouns)} Festival ${yearOfDay(firstDay)}`;
  if (!evenings.takeDays(venueIndex, firstDay, days)) return { event: null, concerts: [] };

  const bands = scene.someBands(random.between(FESTIVAL_BANDS.least, FESTIVAL_BANDS.most));
  const concerts = bands.map(({ id }, i) => ({
    bandId: id,
    venueId: at(scene.venues, venueIndex).id,
    date: evenings.setTime(venueIndex, firstDay + (i % days), Math.floor(i / days)),
    status: anyStatus(scene),
    role: i < days ? ('headliner' as const) : ('support' as const),
    billingIndex: i,
  }));
  return { event: { name, kind: 'festival' }, concerts };
}

/** One band from city to near city, an evening each, sometimes with a day of rest; it ends with the window. */
export function planTour(scene: Scene): Plan {
  const { random } = scene;
  const band = scene.anyBand();
  const firstDay = anyDay(random);
  const name = `${band.name}: ${random.pick(adjectives)} ${random.pick(nouns)} Tour ${yearOfDay(firstDay)}`;
  const concerts: Plan['concerts'] = [];
  const visited = new Set<number>();
  let city: number | undefined = scene.anyCity();
  let day = firstDay;
  const stops = random.between(TOUR_STOPS.least, TOUR_STOPS.most);
  while (city !== undefined && concerts.length < stops && day < DAYS) {
    visited.add(city);
    const venueIndex = scene.anyVenueIn(city);
    const date = scene.evenings.takeShow(venueIndex, day, random);
    if (date !== undefined) {
      concerts.push({
        bandId: band.id,
        venueId: at(scene.venues, venueIndex).id,
        date,
        status: anyStatus(scene),
        role: 'headliner',
        billingIndex: 0,
      });
    }
    day += random.chance(REST_DAY_CHANCE) ? 2 : 1;
    const next: number[] = scene.nearCities(city).filter((near) => !visited.has(near));
    city = next.length > 0 ? random.pick(next) : undefined;
  }
  return { event: { name, kind: 'tour' }, concerts };
}

/** What a venue's evening is for these bands, the headliner first: it takes place, or not, for all of them. */
function concertsOfNight(scene: Scene, bandIds: number[]): Plan['concerts'] {
  const venueIndex = scene.anyVenue();
  const date = scene.evenings.takeShow(venueIndex, anyDay(scene.random), scene.random);
  if (date === undefined) return [];
  const status = anyStatus(scene);
  const venueId = at(scene.venues, venueIndex).id;
  return bandIds.map((bandId, i) => ({
    bandId,
    venueId,
    date,
    status,
    role: i === 0 ? 'headliner' : 'support',
    billingIndex: i,
  }));
}

/** 95 % scheduled, 1 % rescheduled, 1 % postponed, 3 % cancelled. */
function anyStatus({ random }: Scene): DemoConcert['status'] {
  const percent = random.fraction() * 100;
  if (percent < 3) return 'cancelled';
  if (percent < 4) return 'postponed';
  if (percent < 5) return 'rescheduled';
  return 'scheduled';
}
