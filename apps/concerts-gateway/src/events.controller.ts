import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConcertListRow, ConcertsOfEvent, Event, eventCalls, NamedSearch } from '#contracts';
import { Ask, type Clean, Describe, Parameters, PathId } from '#http';
import { type Asking, type ConcertReadModel, essential, type ServiceRecords } from '#read-model';
import type { ServiceClients } from '#serve';
import { pageHeaders, partialHeader, sendList } from './answers.js';

import { concertList, orNotFound } from './concert-list.js';
import { CLIENTS, READ_MODEL, RECORDS } from './injection-tokens.js';
import { sendByName } from './named-list.js';
import { sendStored } from './stored-record.js';

@Controller('events')
export class EventsController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @Describe({ summary: 'Events by name', parameters: NamedSearch, list: Event, headers: pageHeaders })
  async list(
    @Parameters(NamedSearch) search: Clean<NamedSearch>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendByName(reply, search, (request) => essential('events', this.clients.events.call(eventCalls.list, request, asking)));
  }

  @Get(':id')
  @Describe({ summary: 'One event', id: 'event', record: Event })
  async byId(@PathId() id: number, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    await sendStored(reply, 'event', id, (ids) => essential('events', this.records.events(ids, asking)));
  }

  @Get(':id/concerts')
  @Describe({
    summary: 'The concerts of one event',
    id: 'event',
    parameters: ConcertsOfEvent,
    list: ConcertListRow,
    headers: { ...pageHeaders, ...partialHeader },
  })
  async concerts(
    @PathId() id: number,
    @Parameters(ConcertsOfEvent) { value, faults }: Clean<ConcertsOfEvent>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { value: { ...value, eventIds: [id] }, faults }, asking);
    sendList(reply, await orNotFound(answer, { part: 'events', id, read: this.records.events }, asking));
  }
}
