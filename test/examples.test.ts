import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateWorld } from '#demo';
import examples from '../apps/concerts-gateway/src/examples.json' with { type: 'json' };
import { System } from './support/system.js';

/** What `make demo` makes by default. */
const DEMO = { seed: 1, concerts: 20_000 };

describe('the examples of the OpenAPI document', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
    const { bands, venues, happenings } = generateWorld(DEMO);
    const all = [...happenings()];
    await system.load({
      bands: [...bands],
      venues: [...venues],
      events: all.flatMap(({ event }) => event ?? []),
      concerts: all.flatMap(({ concerts }) => concerts),
    });
  }, 60_000);
  afterAll(() => system.close());

  test.each(examples)('$request is answered as recorded', async ({ request, body, status, answer }) => {
    const live = body ? await system.api.post(request, body) : await system.api.get(request);
    expect(live.status).toBe(status);
    expect(live.body).toEqual(answer);
  });

  test('every operation of the document has one, but for the state of the services', async () => {
    const { body } = await system.api.get('/openapi.json');
    const paths = typeof body === 'object' && body !== null && 'paths' in body ? Object.keys(body.paths ?? {}) : [];
    const shown = new Set(examples.map(({ path }) => path));
    expect(paths.filter((path) => !shown.has(path))).toEqual(['/health/ready']);
  });
});
