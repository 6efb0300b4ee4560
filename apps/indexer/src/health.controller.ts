import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { VERSION } from '#config';
import { IndexerReadiness } from '#contracts';
import { Ask, Describe, healthAsking, sendHealth, servicesHealth } from '#http';
import { remainingMs, toFault } from '#problem';
import type { CallContext } from '#rpc';
import { type ConcertIndices, dataAgeMs, type Indexer } from '#search-index';
import type { ServiceClients } from '#serve';
import { CLIENTS, DRAINING, INDEXER, INDICES } from './injection-tokens.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(INDEXER) private readonly indexer: Indexer,
    @Inject(INDICES) private readonly indices: ConcertIndices,
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(DRAINING) private readonly draining: AbortSignal,
  ) {}

  @Get('ready')
  @Describe({
    summary: 'Whether the indexer does its part, how far the index is, and how Elasticsearch and the services are',
    record: IndexerReadiness,
    unavailable: IndexerReadiness,
  })
  async ready(@Ask() asking: CallContext, @Res() reply: FastifyReply): Promise<void> {
    const inTime = healthAsking(asking);
    const [elasticsearch, services] = await Promise.all([this.elasticsearch(inTime), servicesHealth(this.clients, inTime)]);
    const { state } = this.indexer;
    const doesItsPart = elasticsearch.up && state !== 'starting';
    const status = this.draining.aborted ? 'draining' : doesItsPart ? 'ready' : 'unavailable';
    const index = this.index();
    const body: IndexerReadiness = { status, version: VERSION, state, elasticsearch, ...(index && { index }), services };
    sendHealth(reply, status === 'ready', body);
  }

  private index(): IndexerReadiness['index'] {
    const { leader } = this.indexer;
    if (!leader) return undefined;
    const { filling, jobs, putAside } = leader.checkpoint;
    return {
      name: leader.index,
      ...(filling && { filled: leader.filled }),
      changesBehind: leader.changesBehind,
      ageMs: dataAgeMs(leader.checkpoint) ?? null,
      fanOutJobs: jobs.length,
      putAside: { count: putAside.length, ids: putAside },
    };
  }

  private async elasticsearch({ deadline }: CallContext): Promise<IndexerReadiness['elasticsearch']> {
    const late = sleep(remainingMs(deadline), { up: false, detail: 'Elasticsearch did not answer in time' }, { ref: false });
    const asked = this.indices.current().then(
      () => ({ up: true }),
      (error) => ({ up: false, detail: toFault(error).detail }),
    );
    return Promise.race([asked, late]);
  }
}
