import { appendFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Concert, Venue } from '#contracts';
import { type WorldOptions, writeWorld } from '#demo';
import type { Position } from '#geo';

/** Raised when what is in a world changes, so that a kept one is made anew. */
const FORMAT = 1;
const SEED = 1;
const DAY_MS = 86_400_000;

/** A generated world in a folder, as the import reads it, with a region added whose venues all closed long ago. */
export interface BenchWorld {
  folder: string;
  bands: number;
  /** Without those of the closed region. */
  venues: PlacedVenue[];
  cities: Position[];
}

export type PlacedVenue = Pick<Venue, 'id' | 'city' | 'region' | 'country' | 'latitude' | 'longitude'>;
export type PlayedConcert = Pick<Concert, 'id' | 'bandId' | 'venueId' | 'date' | 'status'>;

/** Far from every other venue. The most popular bands never played there. */
export const closedRegion = { latitude: -49.35, longitude: 69.5, venues: 300, concertsPerVenue: 20, neverPlayedBands: 10 };
const CLOSED_REGION_SPREAD_DEGREES = 0.3;
const CLOSED_REGION_OPENED_MS = Date.UTC(2010, 0, 1, 18);
const DAYS_BETWEEN_CONCERTS = 30;

interface Manifest {
  format: number;
  options: WorldOptions;
  bands: number;
  venues: number;
}

/** The world of these options: the one that is kept in the folder, or a new one. */
export async function keptWorld(folder: string, options: WorldOptions): Promise<BenchWorld> {
  const manifest = (await keptManifest(folder, options)) ?? (await makeWorld(folder, options));
  const venues = (await readRows<PlacedVenue>(join(folder, 'venues.ndjson'))).slice(0, manifest.venues);
  return { folder, bands: manifest.bands, venues, cities: centersOf(venues) };
}

/** All rows of a world that is small enough to be held. */
export async function readWorld({ folder }: Pick<BenchWorld, 'folder'>) {
  return {
    venues: await readRows<PlacedVenue>(join(folder, 'venues.ndjson')),
    concerts: await readRows<PlayedConcert>(join(folder, 'concerts.ndjson')),
  };
}

/** Concerts by chance: their bands and venues are as popular as in the world. */
export async function sampleConcerts({ folder }: BenchWorld, count: number): Promise<PlayedConcert[]> {
  const bits = xoroshiro128plus(SEED);
  await using file = await open(join(folder, 'concerts.ndjson'));
  const { size } = await file.stat();
  const sample: PlayedConcert[] = [];
  const piece = Buffer.alloc(SAMPLE_PIECE_BYTES);
  while (sample.length < count) {
    const { bytesRead } = await file.read(piece, 0, piece.length, uniformInt(bits, 0, Math.max(0, size - piece.length)));
    // The first line of the piece has lost its beginning.
    const line = piece.toString('utf8', 0, bytesRead).split('\n')[1];
    if (line) sample.push(JSON.parse(line));
  }
  return sample;
}

/** Longer than any two lines of a concert. */
const SAMPLE_PIECE_BYTES = 2_048;

async function keptManifest(folder: string, options: WorldOptions): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, 'world.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const manifest: Manifest = JSON.parse(text);
  return manifest.format === FORMAT && JSON.stringify(manifest.options) === JSON.stringify(options) ? manifest : undefined;
}

async function makeWorld(folder: string, options: WorldOptions): Promise<Manifest> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { bands, venues, concerts } = await writeWorld(folder, { seed: SEED, ...options });
  await addClosedRegion(folder, { bands, venues, concerts });
  const manifest = { format: FORMAT, options, bands, venues };
  await writeFile(join(folder, 'world.json'), JSON.stringify(manifest));
  return manifest;
}

async function addClosedRegion(folder: string, counts: { bands: number; venues: number; concerts: number }): Promise<void> {
  const bits = xoroshiro128plus(SEED);
  const offset = () => (uniformInt(bits, -1_000, 1_000) / 1_000) * CLOSED_REGION_SPREAD_DEGREES;
  const venues = Array.from({ length: closedRegion.venues }, (_, i) => ({
    id: counts.venues + 1 + i,
    name: `Closed Hall ${i + 1}`,
    city: 'Port-aux-Français',
    region: null,
    country: 'TF',
    latitude: closedRegion.latitude + offset(),
    longitude: closedRegion.longitude + offset(),
  }));
  const concerts = venues.flatMap(({ id: venueId }, at) =>
    Array.from({ length: closedRegion.concertsPerVenue }, (_, i) => ({
      id: counts.concerts + 1 + at * closedRegion.concertsPerVenue + i,
      bandId: uniformInt(bits, Math.min(closedRegion.neverPlayedBands, counts.bands - 1) + 1, counts.bands),
      venueId,
      date: CLOSED_REGION_OPENED_MS + i * DAYS_BETWEEN_CONCERTS * DAY_MS,
      status: 'scheduled',
    })),
  );
  await appendFile(join(folder, 'venues.ndjson'), lines(venues));
  await appendFile(join(folder, 'concerts.ndjson'), lines(concerts));
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function readRows<Row>(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  await using file = await open(path);
  for await (const line of file.readLines()) rows.push(JSON.parse(line));
  return rows;
}

/** The middle of each city's venues, once for each venue: a city with more venues is asked about more often. */
function centersOf(venues: readonly PlacedVenue[]): Position[] {
  const byCity = Map.groupBy(venues, ({ city, region, country }) => `${city}\n${region}\n${country}`);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...byCity.values()].flatMap((some) => {
    const center = { latitude: mean(some.map((one) => one.latitude)), longitude: mean(some.map((one) => one.longitude)) };
    return some.map(() => center);
  });
}
