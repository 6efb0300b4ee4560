import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '#config';
import { LivenessController } from '#http';
import { ServiceRecords } from '#read-model';
import type { ServiceClients } from '#serve';
import { BandsController } from './bands.controller.js';
import { ConcertsController } from './concerts.controller.js';
import { EventsController } from './events.controller.js';
import { HealthController } from './health.controller.js';
import { CLIENTS, CONFIG, DRAINING, INDEX, READ_MODEL, RECORDS } from './injection-tokens.js';
import type { OpenReadModel } from './open-read-model.js';
import { VenuesController } from './venues.controller.js';

interface GatewayParts extends Pick<OpenReadModel, 'readModel'> {
  clients: ServiceClients;
  index: OpenReadModel['index'];
  config: Config;
  draining: AbortSignal;
}

@Module({})
export class GatewayModule {
  static with({ clients, readModel, index, config, draining }: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [
        ConcertsController,
        BandsController,
        VenuesController,
        EventsController,
        LivenessController,
        HealthController,
      ],
      providers: [
        { provide: CLIENTS, useValue: clients },
        { provide: CONFIG, useValue: config },
        { provide: DRAINING, useValue: draining },
        { provide: RECORDS, useValue: new ServiceRecords(clients) },
        { provide: READ_MODEL, useValue: readModel },
        { provide: INDEX, useValue: index },
      ],
    };
  }
}
