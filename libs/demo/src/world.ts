import { type DemoBand, generateBands } from './bands.js';
import { chooseCities } from './cities.js';
import { generateHappenings, type Happening } from './happenings.js';
import { ImpossibleWorld } from './impossible-world.js';
import { Random } from './random.js';
import { Scene } from './scene.js';
import { type DemoVenue, generateVenues } from './venues.js';

/** All have defaults: seed 1, 20,000 concerts, and as many bands and venues as fit them. */
export interface WorldOptions {
  seed?: number;
  concerts?: number;
  bands?: number;
  venues?: number;
}

/** An invented concert world. Its ids are 1, 2, 3 and so on; band 1 is the most popular. */
export interface World {
  bands: DemoBand[];
  venues: DemoVenue[];
  /** From the start at each call; never all in memory. */
  happenings(): Generator<Happening>;
}

/** The least and the most of each: a bill takes up to half the bands, and a venue 7,305 bytes of memory. */
const worldLimits = {
  seed: { least: 0, most: 2 ** 32 - 1 },
  concerts: { least: 1, most: 200_000_000 },
  bands: { least: 10, most: 2_000_000 },
  venues: { least: 1, most: 100_000 },
} as const satisfies Record<keyof WorldOptions, { least: number; most: number }>;

const DEFAULT_CONCERTS = 20_000;
const VENUES_PER_CITY = 7;
/** Towns are drawn until enough are far from one another: that many are found at once. */
const MAX_CITIES = 2_000;

/**
 * A world that is the same for the same options, whenever and wherever it is made: real cities, invented venues around
 * their centers, invented bands, popular by Zipf's law, and twenty years of shows, bills, festivals and tours (2010 to 2029).
 *
 * @throws ImpossibleWorld if an option is no integer within its limits, or the venues have no evenings for so many concerts
 */
export function generateWorld(options: WorldOptions = {}): World {
  const { seed, concerts, bands: bandCount, venues: venueCount } = completeOptions(options);
  const cityCount = Math.min(MAX_CITIES, Math.ceil(venueCount / VENUES_PER_CITY));
  const cities = chooseCities(new Random(seed, 'cities'), cityCount);
  const places = generateVenues(new Random(seed, 'venues'), cities, venueCount);
  const bands = generateBands(new Random(seed, 'bands'), bandCount);
  return {
    bands,
    venues: places.venues,
    happenings: () => generateHappenings(new Scene(new Random(seed, 'happenings'), bands, cities, places), concerts),
  };
}

/**
 * Ten times the concerts have about six times the bands and the venues, up to 10,000 venues.
 * @throws ImpossibleWorld if an option is no integer within its limits
 */
export function completeOptions({ seed = 1, concerts = DEFAULT_CONCERTS, ...counts }: WorldOptions): Required<WorldOptions> {
  const growth = (concerts / DEFAULT_CONCERTS) ** 0.78;
  const bands = counts.bands ?? Math.max(worldLimits.bands.least, Math.round(1_500 * growth));
  const venues = counts.venues ?? Math.min(10_000, Math.max(worldLimits.venues.least, Math.round(600 * growth)));
  const completed = { seed, concerts, bands, venues };
  for (const name of ['seed', 'concerts', 'bands', 'venues'] as const) {
    const { least, most } = worldLimits[name];
    const value = completed[name];
    if (Number.isInteger(value) && least <= value && value <= most) continue;
    throw new ImpossibleWorld(`${name} is ${value}, but is an integer from ${least} to ${most}`);
  }
  return completed;
}
