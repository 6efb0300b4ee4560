import { type ConcertStatus, concertStatuses, type DateKey, type ParsedMoment } from '#contracts';
import { distanceKm } from '#geo';
import type { ConcertQuery } from '../src/query.js';
import { Random } from './random.js';
import { ids, places, type World } from './world.js';

type Filter = 'bandIds' | 'venueIds' | 'eventIds' | 'circle' | 'from' | 'to' | 'status';
const filters: readonly Filter[] = ['bandIds', 'venueIds', 'eventIds', 'circle', 'from', 'to', 'status'];

/** Queries for each way to combine the filters: 127. */
const QUERIES_PER_COMBINATION = 4;
const IMPOSSIBLE_IDS = [0, 1_123_123_123, 10 ** 15, ids.unknown];
const DAY_MS = 86_400_000;

/** Seeded queries: each filter alone and every combination, each with its name. */
export function randomQueries(world: World): { name: string; queries: ConcertQuery[] }[] {
  const random = new Random(7);
  const combinations = Array.from({ length: 2 ** filters.length - 1 }, (_, index) =>
    filters.filter((_, bit) => ((index + 1) >> bit) & 1),
  );
  return combinations
    .sort((a, b) => a.length - b.length)
    .map((combination) => ({
      name: combination.join(', '),
      queries: Array.from({ length: QUERIES_PER_COMBINATION }, () => randomQuery(random, world, combination)),
    }));
}

function randomQuery(random: Random, world: World, combination: readonly Filter[]): ConcertQuery {
  // Conditions are taken from one concert more often than not: of seven that know nothing of each other none would match.
  const model = random.pick(world.concerts);
  const idsOf = (known: readonly { id: number }[], own: number | null | undefined, atMost: number) => [
    ...random.some(known, atMost).map(({ id }) => id),
    ...(own != null && random.chance(0.8) ? [own] : []),
    ...(random.chance(0.2) ? [random.pick(IMPOSSIBLE_IDS)] : []),
  ];
  const query: ConcertQuery = { sort: random.pick(['-date', 'date']), limit: random.pick([1, 2, 5, 20, 20, 50, 200, 2_000]) };
  if (combination.includes('bandIds')) query.bandIds = idsOf(world.bands, model.bandId, 12);
  if (combination.includes('venueIds')) query.venueIds = idsOf(world.venues.slice(0, 360), model.venueId, 40);
  if (combination.includes('eventIds')) query.eventIds = idsOf(world.events, model.eventId, 12);
  if (combination.includes('circle')) query.circle = randomCircle(random, world, model.venueId);
  if (combination.includes('from')) query.from = randomMoment(random, model.date - random.between(0, 2_000) * DAY_MS);
  if (combination.includes('to')) query.to = randomMoment(random, model.date + random.between(0, 2_000) * DAY_MS);
  if (combination.includes('status')) query.status = randomStatus(random);
  if (random.chance(0.4)) query.after = randomKey(random, world);
  return query;
}

function randomCircle(random: Random, world: World, venueId: number): NonNullable<ConcertQuery['circle']> {
  const { latitude, longitude } = world.venues.find(({ id }) => id === venueId) ?? places.paris;
  const center = random.chance(0.3)
    ? { latitude, longitude }
    : { latitude: Math.max(-90, Math.min(90, random.around(latitude, 0.2))), longitude };
  // An edge that runs through a venue is where membership is decided by the last bit.
  const edge = distanceKm(center, random.pick(world.venues));
  return { ...center, radiusKm: random.pick([0, 1, 10, 50, 500, 3_000, 20_100, edge]) };
}

const randomMoment = (random: Random, epochMs: number): ParsedMoment =>
  random.chance(0.5) ? { instant: epochMs } : { localDate: new Date(epochMs).toISOString().slice(0, 10) };

const randomStatus = (random: Random): ConcertStatus | 'any' => random.pick([...concertStatuses, 'any']);

/** A place in the order: that of a concert, or one between concerts. */
function randomKey(random: Random, world: World): DateKey {
  const { date, id } = random.pick(world.concerts);
  return { date, id: random.chance(0.8) ? id : random.pick([0, 1_000_000]) };
}
