import { Module } from '@nestjs/common';
import type { OwnerService } from '#serve';
import { openBandStore } from '#store';
import { BandsController } from './bands.controller.js';

@Module({ controllers: [BandsController] })
class BandsModule {}

export const bandsService: OwnerService = { name: 'bands', module: BandsModule, openStore: openBandStore };
