import { Module } from '@nestjs/common';
import type { OwnerService } from '#serve';
import { openConcertStore } from '#store';
import { ConcertsController } from './concerts.controller.js';

@Module({ controllers: [ConcertsController] })
class ConcertsModule {}

export const concertsService: OwnerService = { name: 'concerts', module: ConcertsModule, openStore: openConcertStore };
