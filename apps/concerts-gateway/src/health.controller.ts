import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Config, VERSION } from '#config';
import { Readiness } from '#contracts';
import { Ask, Describe, healthAsking, sendHealth, servicesHealth } from '#http';
import type { IndexState } from '#read-model';
import type { CallContext } from '#rpc';
import type { ServiceClients } from '#serve';
import { CLIENTS, CONFIG, DRAINING, INDEX } from './injection-tokens.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(INDEX) private readonly index: IndexState | undefined,
    @Inject(DRAINING) private readonly draining: AbortSignal,
  ) {}

  @Get('ready')
  @Describe({
    summary: 'Whether the gateway takes requests, and how its services are',
    record: Readiness,
    unavailable: Readiness,
  })
  async ready(@Ask() asking: CallContext, @Res() reply: FastifyReply): Promise<void> {
    const services = await servicesHealth(this.clients, healthAsking(asking));
    const isReady = !this.draining.aborted;
    const body: Readiness = {
      status: isReady ? 'ready' : 'draining',
      version: VERSION,
      readModel: this.config.readModel,
      ...(this.index && { index: this.index.health }),
      services,
    };
    sendHealth(reply, isReady, body);
  }
}
