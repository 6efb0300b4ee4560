import { type DynamicModule, Module } from '@nestjs/common';
import { LivenessController } from '#http';
import type { ConcertIndices, Indexer } from '#search-index';
import type { ServiceClients } from '#serve';
import { HealthController } from './health.controller.js';
import { CLIENTS, DRAINING, INDEXER, INDICES } from './injection-tokens.js';

interface Parts {
  indexer: Indexer;
  indices: ConcertIndices;
  clients: ServiceClients;
  draining: AbortSignal;
}

@Module({})
export class IndexerModule {
  static with({ indexer, indices, clients, draining }: Parts): DynamicModule {
    return {
      module: IndexerModule,
      controllers: [LivenessController, HealthController],
      providers: [
        { provide: INDEXER, useValue: indexer },
        { provide: INDICES, useValue: indices },
        { provide: CLIENTS, useValue: clients },
        { provide: DRAINING, useValue: draining },
      ],
    };
  }
}
