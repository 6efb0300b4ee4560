import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Config, type ServiceName, VERSION } from '#config';
import { bandCalls, concertCalls, eventCalls, Liveness, Readiness, type ServiceHealth, venueCalls } from '#contracts';
import { toFault } from '#problem';
import type { Asking } from '#read-model';
import { Ask } from './asking.js';
import { CLIENTS, type Clients, CONFIG, DRAINING } from './clients.js';
import { Describe } from './describe.js';

/** A health check must itself be quick, whatever is wrong with a service. */
const HEALTH_DEADLINE_MS = 1_000;

const healthCalls = {
  bands: bandCalls.health,
  venues: venueCalls.health,
  events: eventCalls.health,
  concerts: concertCalls.health,
};

@Controller('health')
export class HealthController {
  constructor(
    @Inject(CLIENTS) private readonly clients: Clients,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(DRAINING) private readonly draining: { started: boolean },
  ) {}

  @Get('live')
  @Describe({ summary: 'Whether the process is alive', record: Liveness })
  live(@Res() reply: FastifyReply): void {
    void reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify({ status: 'ok' }));
  }

  @Get('ready')
  @Describe({
    summary: 'Whether the gateway takes requests, and how its services are',
    record: Readiness,
    unavailable: Readiness,
  })
  async ready(@Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    const inTime = { ...asking, deadline: Math.min(asking.deadline, Date.now() + HEALTH_DEADLINE_MS) };
    const [bands, venues, events, concerts] = await Promise.all([
      this.healthOf('bands', inTime),
      this.healthOf('venues', inTime),
      this.healthOf('events', inTime),
      this.healthOf('concerts', inTime),
    ]);
    const status = this.draining.started ? 'draining' : 'ready';
    const body: Readiness = {
      status,
      version: VERSION,
      readModel: this.config.readModel,
      services: { bands, venues, events, concerts },
    };
    void reply
      .code(status === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(body));
  }

  private async healthOf(service: ServiceName, asking: Asking): Promise<ServiceHealth> {
    const client = this.clients[service];
    try {
      const { store, storeId, schemaVersion, version } = await client.call(healthCalls[service], {}, asking);
      return { up: true, version, store, storeId, schemaVersion, clockDifferenceMs: client.status().clockDifferenceMs };
    } catch (error) {
      return { up: false, clockDifferenceMs: client.status().clockDifferenceMs, detail: toFault(error).detail };
    }
  }
}
