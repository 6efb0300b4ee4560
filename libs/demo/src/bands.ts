import type { Band } from '#contracts';
import { bandShapes, distinctNames } from './names.js';
import type { Random } from './random.js';

export type DemoBand = Pick<Band, 'id' | 'name' | 'genres'>;

const MAX_GENRES = 3;
const genres = [
  ...[
    'rock',
    'indie',
    'pop',
    'punk',
    'metal',
    'folk',
    'electronic',
    'hip-hop',
    'jazz',
    'soul',
    'blues',
    'country',
    'reggae',
    'ambient',
    'techno',
  ],
  ...[
    'house',
    'shoegaze',
    'post-punk',
    'post-rock',
    'hardcore',
    'funk',
    'disco',
    'r&b',
    'classical',
    'latin',
    'afrobeat',
    'singer-songwriter',
  ],
];

/** Bands by popularity: band 1 plays most. */
export function generateBands(random: Random, count: number): DemoBand[] {
  return Array.from(distinctNames(random, bandShapes, count), (name, index) => ({
    id: index + 1,
    name,
    genres: someGenres(random),
  }));
}

function someGenres(random: Random): string[] {
  const chosen = new Set<string>();
  const count = random.between(1, MAX_GENRES);
  while (chosen.size < count) chosen.add(random.pick(genres));
  return [...chosen];
}
