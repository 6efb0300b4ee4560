import { Module } from '@nestjs/common';
import type { OwnerService } from '#serve';
import { openEventStore } from '#store';
import { EventsController } from './events.controller.js';

@Module({ controllers: [EventsController] })
class EventsModule {}

export const eventsService: OwnerService = { name: 'events', module: EventsModule, openStore: openEventStore };
