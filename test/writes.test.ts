import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { etagOf, expectStatus, fieldsOf, numberIn } from './support/answers.js';
import type { Answer } from './support/api-client.js';
import { System } from './support/system.js';

const VENUE = { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663, city: 'Hamburg', country: 'DE' };
const DATE = 1_909_339_200_000;
const DAY_MS = 86_400_000;

let system: System;
let made = 0;

beforeAll(async () => {
  system = await System.start();
}, 60_000);
afterAll(() => system.close());

/** Names that no other test uses. */
const newBand = () => ({ name: `Band ${++made}` });
const newVenue = () => ({ ...VENUE, name: `Venue ${++made}` });

const createConcert = async (more: object = {}) =>
  expectStatus(await system.writes.post('/concerts', { band: newBand(), venue: newVenue(), date: DATE, ...more }), 201);
const create = async (kind: string, body: object) => expectStatus(await system.writes.post(`/${kind}`, body), 201);

describe('a concert', () => {
  test('is created with its band, venue and event, and is there for who reads', async () => {
    const [band, venue] = [newBand(), newVenue()];
    const answer = await system.writes.post('/concerts', {
      band: { ...band, genres: ['indie rock'] },
      venue,
      event: { name: 'Harbour Nights', kind: 'festival' },
      date: DATE,
      role: 'support',
      billingIndex: 2,
      externalIds: [{ system: 'shop', id: 'A-1' }],
    });
    expectStatus(answer, 201);
    const { created, ...detail } = fieldsOf(answer);
    expect(created).toEqual(['band', 'venue', 'event']);
    expect(answer.headers.get('location')).toBe(`/concerts/${numberIn(answer)}`);
    expect(answer.headers.get('etag')).toBe('"1.1.1.1"');
    const read = await system.api.get(`/concerts/${numberIn(answer)}`);
    expect(read.body).toEqual(detail);
    expect(read.headers.get('etag')).toBe(answer.headers.get('etag'));
    expect(detail).toMatchObject({
      band: band.name,
      location: venue.name,
      event: 'Harbour Nights',
      date: DATE,
      city: 'Hamburg',
      timeZone: 'Europe/Berlin',
      status: 'scheduled',
      role: 'support',
      billingIndex: 2,
      url: null,
      externalIds: [{ system: 'shop', id: 'A-1' }],
      version: 1,
    });
  });

  test('takes the band and the venue that are there already under their natural keys', async () => {
    const [band, venue] = [newBand(), newVenue()];
    const first = await createConcert({ band, venue });
    const second = await createConcert({ band: { name: ` ${band.name.toUpperCase()}` }, venue, date: DATE + DAY_MS });
    expect(second.body).toMatchObject({
      created: [],
      bandId: numberIn(first, 'bandId'),
      venueId: numberIn(first, 'venueId'),
    });
  });

  test('takes its parts by id', async () => {
    const band = await create('bands', newBand());
    const venue = await create('venues', newVenue());
    const event = await create('events', { name: 'Tour', kind: 'tour', startDate: DATE, endDate: DATE + DAY_MS });
    const answer = await createConcert({
      band: { id: numberIn(band) },
      venue: { id: numberIn(venue) },
      event: { id: numberIn(event) },
    });
    expect(answer.body).toMatchObject({
      bandId: numberIn(band),
      venueId: numberIn(venue),
      eventId: numberIn(event),
      event: 'Tour',
      created: [],
    });
  });

  test('gives its date to an event that states none', async () => {
    const eventId = numberIn(await createConcert({ event: { name: 'One night', kind: 'bill' } }), 'eventId');
    expect((await system.api.get(`/events/${eventId}`)).body).toMatchObject({ startDate: DATE, endDate: DATE });
    const patched = await createConcert();
    const late = await system.writes.patch(
      `/concerts/${numberIn(patched)}`,
      { event: { name: 'Late', kind: 'bill', endDate: DATE + DAY_MS } },
      etagOf(patched),
    );
    const lateId = numberIn(late, 'eventId');
    expect((await system.api.get(`/events/${lateId}`)).body).toMatchObject({ startDate: DATE, endDate: DATE + DAY_MS });
  });

  test('with an id of null beside a value is taken by value', async () => {
    const answer = await createConcert({ band: { id: null, ...newBand() } });
    expect(answer.body).toMatchObject({ created: ['band', 'venue'] });
  });

  test('that exists already is a conflict that names it', async () => {
    const [band, venue] = [newBand(), newVenue()];
    const first = await createConcert({ band, venue });
    const again = expectStatus(await system.writes.post('/concerts', { band, venue, date: DATE }), 409);
    expect(system.writes.problemIn(again).detail).toContain(String(numberIn(first)));
  });

  test.each(['band', 'venue', 'event'])('of a %s that is not there is refused, and nothing is left of it', async (part) => {
    const [band, venue] = [newBand(), newVenue()];
    const body = { band, venue, event: null, date: DATE, [part]: { id: 4_000_000_000 } };
    const problem = system.writes.problemIn(expectStatus(await system.writes.post('/concerts', body), 422));
    expect(problem.errors).toEqual([expect.objectContaining({ parameter: `/${part}/id` })]);
    const [bands, venues] = [await system.api.rows(named('bands', band)), await system.api.rows(named('venues', venue))];
    expect([bands, venues]).toEqual([[], []]);
  });

  test('is replaced, with all its fields', async () => {
    const before = await createConcert({ role: 'support', url: 'https://tickets.example/1' });
    const band = newBand();
    const after = await system.writes.put(
      `/concerts/${numberIn(before)}`,
      { band, venue: newVenue(), date: DATE + DAY_MS },
      etagOf(before),
    );
    expectStatus(after, 200);
    const { created, ...detail } = fieldsOf(after);
    expect(created).toEqual(['band', 'venue']);
    expect(detail).toMatchObject({
      id: numberIn(before),
      band: band.name,
      date: DATE + DAY_MS,
      role: 'headliner',
      url: null,
      version: 2,
    });
    expect(after.headers.get('etag')).toMatch(/^"2\./);
    expect((await system.api.get(`/concerts/${numberIn(before)}`)).body).toEqual(detail);
  });

  test('is patched: only what is named changes, and null is the default', async () => {
    const before = await createConcert({ role: 'support', url: 'https://tickets.example/1', event: { name: 'E', kind: 'bill' } });
    const band = newBand();
    const after = await system.writes.patch(
      `/concerts/${numberIn(before)}`,
      { url: null, role: null, status: 'cancelled', event: null, band },
      { ...etagOf(before), 'content-type': 'application/merge-patch+json' },
    );
    expectStatus(after, 200);
    const { created, ...detail } = fieldsOf(after);
    expect(created).toEqual(['band']);
    expect(detail).toEqual({
      ...withoutCreated(before),
      band: band.name,
      bandId: expect.any(Number),
      url: null,
      role: 'headliner',
      status: 'cancelled',
      event: null,
      eventId: null,
      version: 2,
    });
    expect((await system.api.get(`/concerts/${numberIn(before)}`)).body).toEqual(detail);
  });

  test('is deleted', async () => {
    const before = await createConcert();
    const answer = expectStatus(await system.writes.delete(`/concerts/${numberIn(before)}`, etagOf(before)), 204);
    expect(answer.text).toBe('');
    expect((await system.api.get(`/concerts/${numberIn(before)}`)).status).toBe(404);
    expectStatus(await system.writes.delete(`/concerts/${numberIn(before)}`, etagOf(before)), 404);
  });

  test('may be created again, and goes on from the version that it had', async () => {
    const [band, venue] = [newBand(), newVenue()];
    const before = await createConcert({ band, venue });
    await system.writes.delete(`/concerts/${numberIn(before)}`, etagOf(before));
    const again = await createConcert({ band, venue });
    expect(again.body).toMatchObject({ id: numberIn(before), version: 3, created: [] });
  });
});

const withoutCreated = (answer: Answer): object => {
  const { created: _, ...detail } = fieldsOf(answer);
  return detail;
};
const named = (kind: string, { name }: { name: string }) => `/${kind}?name=${encodeURIComponent(name)}`;

describe.each([
  { kind: 'bands', value: newBand, patch: { genres: ['jazz'] }, patched: { genres: ['jazz'] } },
  { kind: 'venues', value: newVenue, patch: { city: null }, patched: { city: null } },
  {
    kind: 'events',
    value: () => ({ name: `Event ${++made}`, kind: 'tour', startDate: DATE, endDate: DATE }),
    patch: { endDate: DATE + DAY_MS },
    patched: { endDate: DATE + DAY_MS },
  },
])('one of the $kind', ({ kind, value, patch, patched }) => {
  test('is created, read, replaced, patched and deleted', async () => {
    const created = await create(kind, value());
    const path = `/${kind}/${numberIn(created)}`;
    expect(created.headers.get('location')).toBe(path);
    expect(created.headers.get('etag')).toBe('"1"');
    expect((await system.api.get(path)).body).toEqual(created.body);
    const other = value();
    const replaced = expectStatus(await system.writes.put(path, other, etagOf(created)), 200);
    expect(replaced.body).toMatchObject({ ...other, id: numberIn(created), version: 2 });
    const changed = expectStatus(await system.writes.patch(path, patch, etagOf(replaced)), 200);
    expect(changed.body).toEqual({ ...fieldsOf(replaced), ...patched, version: 3 });
    expect((await system.api.get(path)).body).toEqual(changed.body);
    expect(changed.headers.get('etag')).toBe('"3"');
    expectStatus(await system.writes.delete(path, etagOf(changed)), 204);
    expect((await system.api.get(path)).status).toBe(404);
  });

  test('is not there to be replaced, patched or deleted under an id that nothing has', async () => {
    for (const id of [4_000_000_000, 0, 4_294_967_296]) {
      const path = `/${kind}/${id}`;
      const any = { 'if-match': '*' };
      expectStatus(await system.writes.put(path, value(), any), 404);
      expectStatus(await system.writes.patch(path, patch, any), 404);
      expectStatus(await system.writes.delete(path, any), 404);
    }
  });

  test('that concerts refer to is deleted only with them', async () => {
    const before = await create(kind, value());
    const id = numberIn(before);
    const path = `/${kind}/${id}`;
    const part = kind.slice(0, -1);
    const concerts = [await createConcert({ [part]: { id } }), await createConcert({ [part]: { id }, date: DATE + DAY_MS })];
    const refused = expectStatus(await system.writes.delete(path, etagOf(before)), 409);
    expect(system.writes.problemIn(refused)).toMatchObject({
      detail: '2 concerts refer to it; ?cascade=true deletes what refers to it, too',
      instance: path,
    });
    expect((await system.api.get(path)).status).toBe(200);
    expectStatus(await system.writes.delete(`${path}?cascade=false`, etagOf(before)), 409);
    expectStatus(await system.writes.delete(`${path}?cascade=true`, { ...etagOf(before), prefer: 'wait=20' }), 204);
    expect((await system.api.get(path)).status).toBe(404);
    for (const concert of concerts) expect((await system.api.get(`/concerts/${numberIn(concert)}`)).status).toBe(404);
  });
});

describe('a band or a venue that exists', () => {
  test('is a conflict that names it for one that must be new', async () => {
    for (const [kind, value] of [['bands', newBand()] as const, ['venues', newVenue()] as const]) {
      const first = await create(kind, value);
      const problem = system.writes.problemIn(expectStatus(await system.writes.post(`/${kind}`, value), 409));
      expect(problem.detail).toContain(String(numberIn(first)));
    }
  });

  test('is a conflict for one that would take its key', async () => {
    const [one, other] = [newBand(), newBand()];
    const first = await create('bands', one);
    const second = await create('bands', other);
    const path = `/bands/${numberIn(second)}`;
    for (const answer of [
      await system.writes.put(path, one, etagOf(second)),
      await system.writes.patch(path, one, etagOf(second)),
    ]) {
      expect(system.writes.problemIn(expectStatus(answer, 409)).detail).toContain(String(numberIn(first)));
    }
  });
});

describe('If-Match', () => {
  test('must be there to change anything', async () => {
    const band = await create('bands', newBand());
    const path = `/bands/${numberIn(band)}`;
    expectStatus(await system.writes.put(path, newBand()), 428);
    expectStatus(await system.writes.patch(path, {}), 428);
    expectStatus(await system.writes.delete(path), 428);
    expectStatus(await system.writes.delete('/concerts/1'), 428);
  });

  test('of another version, of another kind or of no version is stale', async () => {
    const band = await create('bands', newBand());
    const path = `/bands/${numberIn(band)}`;
    expectStatus(await system.writes.patch(path, { genres: ['a'] }, etagOf(band)), 200);
    for (const etag of ['"1"', '"3"', 'W/"2"', '"abc"', '"0"', '"2x"', '"", W/"a"']) {
      expectStatus(await system.writes.patch(path, { genres: ['b'] }, { 'if-match': etag }), 412);
    }
    const told = async (etag: string) =>
      system.writes.problemIn(await system.writes.patch(path, { genres: ['b'] }, { 'if-match': etag })).detail;
    expect(await told('"1"')).toBe('it has changed: it has version 2 now, not 1; a GET of it at the gateway answers its ETag');
    expect(await told('"3"')).toBe('it has version 2 now, not 3; a GET of it at the gateway answers its ETag');
    expect(await told('"2.1.1.0"')).toBe(
      '"2.1.1.0" is no ETag that bands have, such as "1"; a GET of it at the gateway answers its ETag',
    );
    expect((await system.api.get(path)).body).toMatchObject({ genres: ['a'], version: 2 });
  });

  test('may be any, or one of several', async () => {
    const band = await create('bands', newBand());
    const path = `/bands/${numberIn(band)}`;
    expectStatus(await system.writes.patch(path, { genres: ['a'] }, { 'if-match': '*' }), 200);
    expectStatus(await system.writes.patch(path, { genres: ['b'] }, { 'if-match': '"abc", W/"1", "2"' }), 200);
    expectStatus(await system.writes.patch(path, { genres: ['c'] }, { 'if-match': '"3", "3"' }), 200);
  });

  test.each(['7', 'x', '"7', '"a" "b"', '*, "1"', '"1", "2"', ','])('that is %s cannot be read', async (etag) => {
    const problem = system.writes.problemIn(expectStatus(await system.writes.patch('/bands/1', {}, { 'if-match': etag }), 400));
    expect(problem.errors).toEqual([expect.objectContaining({ parameter: 'If-Match' })]);
  });

  test('of a concert holds although its band was renamed', async () => {
    const band = await create('bands', newBand());
    const concert = await createConcert({ band: { id: numberIn(band) } });
    await system.writes.put(`/bands/${numberIn(band)}`, newBand(), etagOf(band));
    const read = await system.api.get(`/concerts/${numberIn(concert)}`);
    expect(read.headers.get('etag')).toBe('"1.2.1.0"');
    expectStatus(await system.writes.patch(`/concerts/${numberIn(concert)}`, { billingIndex: 1 }, etagOf(concert)), 200);
    expectStatus(await system.writes.patch(`/concerts/${numberIn(concert)}`, { billingIndex: 2 }, etagOf(read)), 412);
  });
});
