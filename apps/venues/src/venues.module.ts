import { Module } from '@nestjs/common';
import type { OwnerService } from '#serve';
import { openVenueStore } from '#store';
import { VenuesController } from './venues.controller.js';

@Module({ controllers: [VenuesController] })
class VenuesModule {}

export const venuesService: OwnerService = { name: 'venues', module: VenuesModule, openStore: openVenueStore };
