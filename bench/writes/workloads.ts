import type { WorldOptions } from '#demo';
import type { HttpAnswer, HttpRequest } from '../support/write-client.js';

/** Writes of one kind, each different from all others. */
export interface Workload {
  name: string;
  /** The next write; it is sent at once. */
  next(): HttpRequest;
  /** What came of a write. @returns whether it was done */
  take(request: HttpRequest, answer: HttpAnswer): boolean;
}

/** What the system holds before anything is measured; ids count from 1. */
export const WORLD = { seed: 1, concerts: 20_000 } satisfies WorldOptions;

/** Later than any date of the world, and as many minutes apart as there are writes. */
const FIRST_DATE = Date.UTC(2040, 0, 1);
const MINUTE_MS = 60_000;
/** Halls one after the other around the equator, a kilometre apart. */
const DEGREES_APART = 0.01;
const LONGITUDES = 36_000;

/** The workloads that are measured, in the order in which they must first run: what is patched was created before. */
export function workloadsOver({ bands, venues }: { bands: number; venues: number }): Workload[] {
  let made = 0;
  const nextDate = () => {
    made += 1;
    return FIRST_DATE + made * MINUTE_MS;
  };
  const create = (body: object): HttpRequest => ({ method: 'POST', path: '/concerts', body });
  const written: { path: string; etag: string }[] = [];
  const keep = (path: string, { headers }: HttpAnswer) => written.unshift({ path, etag: String(headers['etag']) });
  return [
    {
      name: 'create, all parts new',
      next: () => {
        const date = nextDate();
        return create({
          band: { name: `New Band ${made}`, genres: ['indie rock'] },
          venue: { name: `New Hall ${made}`, latitude: 0.5, longitude: (made % LONGITUDES) * DEGREES_APART - 180, country: 'DE' },
          event: { name: `New Night ${made}`, kind: 'bill' },
          date,
        });
      },
      take: (_, { status }) => status === 201,
    },
    {
      name: 'create, band and venue by id',
      next: () => {
        const date = nextDate();
        return create({ band: { id: 1 + (made % bands) }, venue: { id: 1 + (made % venues) }, date });
      },
      take: (_, answer) => {
        if (answer.status !== 201) return false;
        keep(String(answer.headers['location']), answer);
        return true;
      },
    },
    {
      name: 'patch of the date',
      next: () => {
        const concert = written.pop();
        if (!concert) throw new Error('there are fewer concerts than clients that patch them');
        return { method: 'PATCH', path: concert.path, headers: { 'if-match': concert.etag }, body: { date: nextDate() } };
      },
      take: ({ path }, answer) => {
        if (answer.status !== 200) return false;
        keep(path, answer);
        return true;
      },
    },
  ];
}
