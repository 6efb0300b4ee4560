import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Rows } from '../../bench/support/load-rows.js';
import type { System } from './system.js';

const DATA = '../shared/data/songkick';
const GOLDENS = '../shared/goldens/concerts.json';
const missing = [DATA, GOLDENS].find((path) => !existsSync(path));

interface Golden {
  name: string;
  bandIds: number[] | 'ALL' | null;
  geo: { latitude: number; longitude: number; radius: number } | null;
  count: number;
  sha256: string;
  first10: OriginalRow[];
}

interface OriginalRow {
  band: string;
  location: string;
  date: number;
  latitude: number;
  longitude: number;
}

/** The data has the bands 1 to 1,401. */
const EVERY_BAND = Array.from({ length: 1_401 }, (_, index) => index + 1);

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'));

function pathOf({ bandIds, geo }: Golden, limit?: number): string {
  const query = new URLSearchParams();
  if (bandIds) query.set('bandIds', bandIds === 'ALL' ? EVERY_BAND.join(',') : bandIds.join(','));
  for (const [name, value] of Object.entries(geo ?? {})) query.set(name, String(value));
  if (limit !== undefined) query.set('limit', String(limit));
  return `/concerts?${query}`;
}

const original = ({ band, location, date, latitude, longitude }: OriginalRow) => ({ band, location, date, latitude, longitude });
const hashOf = (rows: OriginalRow[]): string =>
  createHash('sha256')
    .update(
      JSON.stringify(rows.map(({ band, location, date, latitude, longitude }) => [band, location, date, latitude, longitude])),
    )
    .digest('hex');

/**
 * The answers that the original system is known to give, over HTTP, whatever the stores and the read model.
 * @param start makes a system with these rows in it
 */
export function goldens(name: string, start: (rows: Rows) => Promise<System>): void {
  if (missing) {
    test.skip(`the known answers, ${name}: ${missing} is not there`, () => undefined);
    return;
  }
  describe(`the known answers over real concerts, ${name}`, () => {
    let system: System;
    beforeAll(async () => {
      system = await start({
        bands: read(`${DATA}/bands.json`),
        venues: read(`${DATA}/venues.json`),
        concerts: read(`${DATA}/concerts.json`),
      });
    }, 120_000);
    afterAll(() => system?.close());

    test.each(read<Golden[]>(GOLDENS).map((golden) => [golden.name, golden] as const))('%s', async (_, golden) => {
      // The answer of every band is taken in pages that a busy machine answers within the deadline too.
      const pages = await system.api.pages<OriginalRow>(pathOf(golden, golden.bandIds === 'ALL' ? 250 : undefined));
      const rows = pages.flat();
      expect(rows.length).toBe(golden.count);
      expect(rows.slice(0, 10).map(original)).toEqual(golden.first10);
      expect(hashOf(rows)).toBe(golden.sha256);
    });

    test('pages of 100, followed by their links, make the same answers', async () => {
      const some = read<Golden[]>(GOLDENS).filter(({ count }) => count > 100 && count < 3_000);
      expect(some.length).toBeGreaterThan(0);
      for (const golden of some) {
        const pages = await system.api.pages<OriginalRow>(pathOf(golden, 100));
        expect(pages.length).toBe(Math.ceil(golden.count / 100));
        expect(hashOf(pages.flat())).toBe(golden.sha256);
      }
    }, 60_000);
  });
}
