import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '#config';
import { LivenessController } from '#http';
import { ServiceRecords } from '#read-model';
import type { Engine } from '#saga';
import type { ServiceClients } from '#serve';
import { ConcertsController } from './concerts.controller.js';
import { ExecutionsController } from './executions.controller.js';
import { HealthController } from './health.controller.js';
import { CLIENTS, CONFIG, DRAINING, ENGINE, RECORDS, WRITES } from './injection-tokens.js';
import { recordControllers } from './record-controllers.js';
import { StateMachinesController } from './state-machines.controller.js';
import { Writes } from './writes.js';

interface Parts {
  engine: Engine;
  clients: ServiceClients;
  config: Config;
  draining: AbortSignal;
}

@Module({})
export class OrchestratorModule {
  static with({ engine, clients, config, draining }: Parts): DynamicModule {
    return {
      module: OrchestratorModule,
      controllers: [
        ConcertsController,
        ...recordControllers,
        ExecutionsController,
        StateMachinesController,
        LivenessController,
        HealthController,
      ],
      providers: [
        { provide: ENGINE, useValue: engine },
        { provide: CLIENTS, useValue: clients },
        { provide: CONFIG, useValue: config },
        { provide: DRAINING, useValue: draining },
        { provide: RECORDS, useValue: new ServiceRecords(clients) },
        { provide: WRITES, useValue: new Writes(engine, config, draining) },
      ],
    };
  }
}
