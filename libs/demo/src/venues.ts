import type { Venue } from '#contracts';
import type { City } from './cities.js';
import { distinctNames, venueShapes } from './names.js';
import { at, Lottery, type Random, zipf } from './random.js';

export type DemoVenue = Omit<Venue, 'externalIds' | 'version'>;

/** Venues and where they stand: `venues[i]` is in `cities[cityOf[i]]`. */
export interface Venues {
  venues: DemoVenue[];
  cityOf: number[];
}

/** The more known a city, the more venues, but not in proportion. */
const CITY_EXPONENT = 0.7;
/** Of the distances of venues from the center of their city, in each direction. */
const STANDARD_DEVIATION_KM = 2.5;
const KM_PER_DEGREE = 111.2;
/** A tenth of a metre, as maps give it. */
const DECIMALS = 6;

/** At least one venue in each city, the others by Zipf's law. */
export function generateVenues(random: Random, cities: readonly City[], count: number): Venues {
  const lottery = new Lottery(zipf(cities.length, CITY_EXPONENT));
  const cityOf = Array.from({ length: count }, (_, i) => (i < cities.length ? i : lottery.draw(random)));
  const names = distinctNames(random, venueShapes, count);
  const venues = Array.from(names, (name, i) => venueIn(random, at(cities, at(cityOf, i)), i + 1, name));
  return { venues, cityOf };
}

function venueIn(random: Random, city: City, id: number, name: string): DemoVenue {
  const north = (random.normal() * STANDARD_DEVIATION_KM) / KM_PER_DEGREE;
  const east = (random.normal() * STANDARD_DEVIATION_KM) / KM_PER_DEGREE / Math.cos((city.latitude * Math.PI) / 180);
  return {
    id,
    name,
    city: city.name,
    region: city.region,
    country: city.country,
    latitude: rounded(city.latitude + north),
    longitude: rounded(city.longitude + east),
    timeZone: city.timeZone,
  };
}

const rounded = (degrees: number): number => Math.round(degrees * 10 ** DECIMALS) / 10 ** DECIMALS;
