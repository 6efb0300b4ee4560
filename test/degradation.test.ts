import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceName } from '#config';
import type { Rows } from '../bench/support/load-rows.js';
import { System } from './support/system.js';

const DEADLINE_MS = 2_000;
/** What an answer at the deadline may take longer on a busy machine. */
const TOLERANCE_MS = 1_000;

const date = Date.UTC(2024, 4, 1, 20);
const rows = {
  bands: [{ id: 1, name: 'The Rivers' }],
  venues: [{ id: 1, name: 'Olympia', latitude: 48.87, longitude: 2.328 }],
  events: [{ id: 1, name: 'May Nights', kind: 'festival', startDate: date, endDate: date }],
  concerts: [
    { id: 1, bandId: 1, venueId: 1, date },
    { id: 2, bandId: 1, venueId: 1, date: date + 1, eventId: 1 },
  ],
} satisfies Rows;

const byBand = '/concerts?bandIds=1';
const byPlace = '/concerts?latitude=48.87&longitude=2.328&radius=10';
const byDay = '/concerts?bandIds=1&from=2024-05-01';

/** What still answers when a service is away, with the services whose details are missing; and what does not. */
const outages = [
  {
    service: 'bands',
    partial: {
      [byBand]: 'bands',
      [byPlace]: 'bands',
      '/concerts/1': 'bands',
      '/bands/1/concerts': 'bands',
      '/bands/9/concerts': 'bands',
    },
    whole: ['/venues', '/venues/1', '/events', '/concerts?bandIds=9'],
    refused: ['/bands', '/bands/1'],
    nulls: { band: null, location: 'Olympia' },
  },
  {
    service: 'venues',
    partial: { [byBand]: 'venues', '/concerts/1': 'venues', '/venues/1/concerts': 'venues' },
    whole: ['/bands', '/events/1'],
    refused: [byPlace, byDay, '/venues', '/venues/1', '/venues?latitude=1&longitude=1&radius=1'],
    nulls: { band: 'The Rivers', location: null, latitude: null, longitude: null, city: null, timeZone: null, localDate: null },
  },
  {
    service: 'events',
    partial: { [byBand]: 'events', [byPlace]: 'events', '/events/1/concerts': 'events' },
    whole: ['/bands', '/venues', '/concerts/1'],
    refused: ['/events', '/events/1'],
    nulls: { band: 'The Rivers', location: 'Olympia', eventId: 1, event: null },
  },
  {
    service: 'concerts',
    partial: {},
    whole: ['/bands', '/venues/1', '/events'],
    refused: [byBand, byPlace, byDay, '/concerts/1', '/bands/1/concerts'],
    nulls: {},
  },
] as const satisfies { service: ServiceName; partial: object; whole: string[]; refused: string[]; nulls: object }[];

for (const { service, partial, whole, refused, nulls } of outages) {
  describe.each(['is away', 'says nothing'])(`when the service of ${service} %s`, (how) => {
    let system: System;
    let silent: SilentServer | undefined;
    beforeAll(async () => {
      silent = how === 'says nothing' ? await SilentServer.start() : undefined;
      system = await System.start(silent ? { [`${service.toUpperCase()}_URL`]: silent.url } : {});
      await system.load(rows);
      if (!silent) await system.stop(service);
    }, 60_000);
    afterAll(async () => {
      await system.close();
      await silent?.close();
    });

    const timed = async (path: string, headers: Record<string, string> = {}, withinMs = DEADLINE_MS) => {
      const start = performance.now();
      const answer = await system.api.get(path, headers);
      const tookMs = performance.now() - start;
      expect({ path, isInTime: tookMs < withinMs + TOLERANCE_MS, tookMs }).toEqual({ path, isInTime: true, tookMs });
      return answer;
    };

    for (const [path, missing] of Object.entries(partial)) {
      test(`${path} answers, without what is missing`, async () => {
        const { status, headers, body } = await timed(path);
        expect({ status, partial: headers.get('partial') }).toEqual({ status: 200, partial: missing });
        const [first] = Array.isArray(body) ? body : [body];
        if (path.includes('/9/')) expect(body).toEqual([]);
        else expect(first).toMatchObject(nulls);
      });
    }

    test.each(whole)('%s answers as ever', async (path) => {
      const { status, headers } = await timed(path);
      expect({ status, partial: headers.get('partial') }).toEqual({ status: 200, partial: null });
    });

    test.each(refused)('%s is refused in time, and may be asked again', async (path) => {
      const answer = await timed(path);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(system.api.problemIn(answer)).toMatchObject({ statusCode: 503, detail: expect.stringContaining(service) });
    });

    test('a shorter Request-Timeout is kept too', async () => {
      const [path = ''] = [...Object.keys(partial), ...refused];
      await timed(path, { 'request-timeout': '0.3' }, 300);
    });

    test('the gateway is ready, and says that it is down', async () => {
      const { status, body } = await timed('/health/ready');
      expect(status).toBe(200);
      expect(body).toMatchObject({ services: { [service]: { up: false, detail: expect.any(String) } } });
    });

    test('a partial record has no strong ETag', async () => {
      if (!('/concerts/1' in partial)) return;
      const { headers } = await timed('/concerts/1');
      expect(headers.get('etag')).toMatch(/^W\//);
    });
  });
}

/** A stopped process: its host still accepts connections, and nobody ever answers. */
class SilentServer {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => this.sockets.delete(socket));
    });
  }

  static async start(): Promise<SilentServer> {
    const server = createServer();
    const silent = new SilentServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return silent;
  }

  get url(): string {
    return `tcp://127.0.0.1:${portOf(this.server.address())}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function portOf(address: string | AddressInfo | null): number {
  if (typeof address !== 'object' || address === null) throw new Error('the server listens on no port');
  return address.port;
}
