import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Config, VERSION } from '#config';
import { OrchestratorReadiness } from '#contracts';
import { Ask, Describe, healthAsking, sendHealth, servicesHealth } from '#http';
import { toFault } from '#problem';
import type { CallContext } from '#rpc';
import type { Engine } from '#saga';
import type { ServiceClients } from '#serve';
import { CLIENTS, CONFIG, DRAINING, ENGINE } from './injection-tokens.js';

/** An execution that has come to nothing but failures for so long is shown to whoever looks after the system. */
const FAILING_MS = 3_600_000;

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(DRAINING) private readonly draining: AbortSignal,
    @Inject(ENGINE) private readonly engine: Engine,
  ) {}

  @Get('ready')
  @Describe({
    summary: 'Whether the orchestrator takes writes, and how its journal and its services are',
    record: OrchestratorReadiness,
    unavailable: OrchestratorReadiness,
  })
  async ready(@Ask() asking: CallContext, @Res() reply: FastifyReply): Promise<void> {
    const inTime = healthAsking(asking);
    const [journal, services] = await Promise.all([this.journal(inTime), servicesHealth(this.clients, inTime)]);
    const status = this.draining.aborted ? 'draining' : journal.up ? 'ready' : 'unavailable';
    const isOpen = this.config.orchestrator.writeTokens.length > 0;
    const writes = isOpen ? 'open' : 'closed: the variable WRITE_TOKENS names no token';
    const body: OrchestratorReadiness = { status, version: VERSION, writes, journal, services };
    sendHealth(reply, status === 'ready', body);
  }

  private async journal(asking: CallContext): Promise<OrchestratorReadiness['journal']> {
    try {
      await this.engine.journal.ping(asking);
      const { byStatus, failing } = await this.engine.journal.counts({ failingBefore: Date.now() - FAILING_MS }, asking);
      return { up: true, running: byStatus.RUNNING, failing };
    } catch (error) {
      return { up: false, detail: toFault(error).detail };
    }
  }
}
