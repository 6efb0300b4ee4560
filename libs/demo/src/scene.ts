import { distanceFrom } from '#geo';
import type { DemoBand } from './bands.js';
import type { City } from './cities.js';
import { Evenings } from './evenings.js';
import { at, Lottery, type Random, zipf } from './random.js';
import type { DemoVenue, Venues } from './venues.js';

const BAND_EXPONENT = 0.8;
/** Within a city. */
const VENUE_EXPONENT = 0.5;
/** A tour goes on to one of so many nearest cities. */
const NEAR_CITIES = 8;

/** Who plays, where, and when it is free: what all happenings draw from. */
export class Scene {
  readonly evenings: Evenings;
  readonly venues: readonly DemoVenue[];
  readonly #cityOf: readonly number[];
  readonly #bandLottery: Lottery;
  readonly #cityLottery: Lottery;
  readonly #stages: { venueIndexes: number[]; lottery: Lottery }[];
  readonly #nearCities = new Map<number, number[]>();

  constructor(
    readonly random: Random,
    readonly bands: readonly DemoBand[],
    readonly cities: readonly City[],
    { venues, cityOf }: Venues,
  ) {
    this.venues = venues;
    this.evenings = new Evenings(venues);
    this.#cityOf = cityOf;
    this.#bandLottery = new Lottery(zipf(bands.length, BAND_EXPONENT));
    const byCity = Map.groupBy(venues.keys(), (venueIndex) => at(cityOf, venueIndex));
    this.#stages = cities.map((_, city) => {
      const venueIndexes = byCity.get(city) ?? [];
      return { venueIndexes, lottery: new Lottery(zipf(venueIndexes.length, VENUE_EXPONENT)) };
    });
    this.#cityLottery = new Lottery(this.#stages.map(({ venueIndexes }) => venueIndexes.length));
  }

  anyBand(): DemoBand {
    return at(this.bands, this.#bandLottery.draw(this.random));
  }

  /** Different bands, the most popular first; at most half of all, or drawing the rare ones would take long. */
  someBands(count: number): DemoBand[] {
    const chosen = new Set<DemoBand>();
    const possible = Math.min(count, Math.floor(this.bands.length / 2));
    while (chosen.size < possible) chosen.add(this.anyBand());
    return [...chosen].sort((a, b) => a.id - b.id);
  }

  anyCity(): number {
    return this.#cityLottery.draw(this.random);
  }

  anyVenueIn(city: number): number {
    const { venueIndexes, lottery } = at(this.#stages, city);
    return at(venueIndexes, lottery.draw(this.random));
  }

  anyVenue(): number {
    return this.anyVenueIn(this.anyCity());
  }

  cityOfVenue(venueIndex: number): City {
    return at(this.cities, at(this.#cityOf, venueIndex));
  }

  nearCities(city: number): number[] {
    const known = this.#nearCities.get(city);
    if (known) return known;
    const distances = this.cities.map(distanceFrom(at(this.cities, city)));
    const others = [...distances.keys()].filter((other) => other !== city);
    const near = others.sort((a, b) => at(distances, a) - at(distances, b)).slice(0, NEAR_CITIES);
    this.#nearCities.set(city, near);
    return near;
  }
}
