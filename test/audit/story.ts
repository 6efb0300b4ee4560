import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../support/api-client.js';
import type { System } from '../support/system.js';

/** What the story leaves behind, by their ids. */
export interface Left {
  /** A concert that a write made, with the parts that it made. */
  concert: number;
  band: number;
  venue: number;
  event: number;
  /** An imported concert and its band. */
  importedConcert: number;
  importedBand: number;
  /** Deleted by a write. */
  deletedConcert: number;
  /** Made by one write, deleted by another, and made again. */
  revivedBand: number;
  /** Executions: of the concert, of the delete, of the band that was made again, and one that has not ended. */
  creation: string;
  deletion: string;
  revival: string;
  running: string;
}

const DATE = 1_909_339_200_000;
const DAY_MS = 86_400_000;
/** A call of a service that runs is answered in milliseconds. */
const RUNNING_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
/** A busy machine takes longer over a write than clients wait by default. */
const PATIENTLY = { prefer: 'wait=30' };

const imported = {
  bands: [
    { id: 1, name: 'The Imported' },
    { id: 2, name: 'The Same' },
    { id: 3, name: 'the  same' },
  ],
  venues: [{ id: 1, name: 'Old Hall', latitude: 53.5, longitude: 10 }],
  events: [{ id: 1, name: 'Old Nights', kind: 'festival' as const, startDate: DATE, endDate: DATE + DAY_MS }],
  concerts: [
    { id: 1, bandId: 1, venueId: 1, eventId: 1, date: DATE },
    { id: 2, bandId: 2, venueId: 1, date: DATE, status: 'postponed' as const },
  ],
};

const band = { name: 'The Paper Lanterns' };
const venue = { name: 'Ferry Hall', latitude: 53.5436, longitude: -9.9663 };
const event = { name: 'Harbour Nights', kind: 'festival' };

/** Writes of every kind, some of which are refused or undone; the last one waits for the events, which are stopped. */
export async function leaveAStory(system: System): Promise<Left> {
  await system.load(imported);
  const writes = new Writes(system);
  const made = await writes.create('/concerts', { band, venue, event, date: DATE });
  const creation = await writes.latest();
  const second = await writes.create('/concerts', { band, venue: { id: 1 }, date: DATE + DAY_MS });
  await writes.refused('/concerts', {
    band: { name: 'Never' },
    venue: { ...venue, name: 'Nowhere' },
    event: { id: 99 },
    date: DATE,
  });
  await writes.change('PATCH', `/bands/${idOf(made.body, 'bandId')}`, { name: 'The Paper Lamps' });
  await writes.change('PUT', '/events/1', { name: 'New Nights', kind: 'tour', startDate: DATE, endDate: DATE });
  await writes.change('PATCH', `/concerts/${idOf(made.body)}`, { date: DATE + 3 * DAY_MS });
  await writes.change('PATCH', '/concerts/2', { band: { name: 'The Substitutes' } });
  await writes.change('DELETE', `/concerts/${idOf(second.body)}`);
  const deletion = await writes.latest();
  await writes.change('DELETE', '/bands/1', undefined, 409);
  const crowded = await writes.create('/venues', { name: 'Crowded', latitude: 1, longitude: 2 });
  await writes.create('/concerts', { band: { id: 3 }, venue: { id: idOf(crowded.body) }, date: DATE });
  await writes.change('DELETE', `/venues/${idOf(crowded.body)}?cascade=true`);
  const once = await writes.create('/bands', { name: 'Phoenix' });
  await writes.change('DELETE', `/bands/${idOf(once.body)}`);
  const again = await writes.create('/bands', { name: 'Phoenix' });
  const revival = await writes.latest();
  await system.stop('events');
  return {
    concert: idOf(made.body),
    band: idOf(made.body, 'bandId'),
    venue: idOf(made.body, 'venueId'),
    event: idOf(made.body, 'eventId'),
    importedConcert: 1,
    importedBand: 1,
    deletedConcert: idOf(second.body),
    revivedBand: idOf(again.body),
    creation,
    deletion,
    revival,
    running: await writes.waiting({
      band: { name: 'The Late' },
      venue: { id: 1 },
      event: { ...event, name: 'Later' },
      date: DATE,
    }),
  };
}

class Writes {
  constructor(private readonly system: System) {}

  create(path: string, body: object): Promise<Answer> {
    return this.expecting(201, this.system.writes.post(path, body, PATIENTLY));
  }

  refused(path: string, body: object): Promise<Answer> {
    return this.expecting(422, this.system.writes.post(path, body, PATIENTLY));
  }

  change(
    method: 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    status = method === 'DELETE' ? 204 : 200,
  ): Promise<Answer> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const init = body && { body: JSON.stringify(body), headers: { ...PATIENTLY, 'content-type': type, 'if-match': '*' } };
    return this.expecting(
      status,
      this.system.writes.request(method, path, { headers: { ...PATIENTLY, 'if-match': '*' }, ...init }),
    );
  }

  /** The execution of the write before: one follows the other here. */
  async latest(): Promise<string> {
    const [row] = await this.system.writes.rows<{ id: string }>('/executions?limit=1');
    return row?.id ?? '';
  }

  /** Begins a concert that cannot end, and resolves when it has come as far as it can. */
  async waiting(body: object): Promise<string> {
    const { headers } = await this.expecting(202, this.system.writes.post('/concerts', body, { prefer: 'respond-async' }));
    const location = headers.get('location') ?? '';
    for (const deadline = Date.now() + RUNNING_TIMEOUT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
      const { text } = await this.system.writes.get(location);
      if (text.includes('"HoldEvent"')) return location.replace('/executions/', '');
    }
    throw new Error(`${location} did not come to its event`);
  }

  private async expecting(status: number, asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked;
    if (answer.status !== status) throw new Error(`answered ${answer.status}, not ${status}: ${answer.text.slice(0, 500)}`);
    return answer;
  }
}

function idOf(body: unknown, member = 'id'): number {
  const id: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, member) : undefined;
  if (typeof id !== 'number') throw new Error(`${JSON.stringify(body)} has no ${member}`);
  return id;
}
