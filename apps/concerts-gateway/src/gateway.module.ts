import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '#config';
import { ServiceRecords, ServicesReadModel } from '#read-model';
import type { ServiceClients } from '#serve';
import { BandsController } from './bands.controller.js';
import { ConcertsController } from './concerts.controller.js';
import { EventsController } from './events.controller.js';
import { HealthController } from './health.controller.js';
import { CLIENTS, CONFIG, DRAINING, READ_MODEL, RECORDS } from './injection-tokens.js';
import { VenuesController } from './venues.controller.js';

@Module({})
export class GatewayModule {
  static with({ clients, config, draining }: { clients: ServiceClients; config: Config; draining: AbortSignal }): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [ConcertsController, BandsController, VenuesController, EventsController, HealthController],
      providers: [
        { provide: CLIENTS, useValue: clients },
        { provide: CONFIG, useValue: config },
        { provide: DRAINING, useValue: draining },
        { provide: RECORDS, useValue: new ServiceRecords(clients) },
        { provide: READ_MODEL, useValue: new ServicesReadModel(clients) },
      ],
    };
  }
}
