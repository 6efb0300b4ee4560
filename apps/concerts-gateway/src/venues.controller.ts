import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConcertListRow, ConcertsOfVenue, Venue, VenueListRow, VenueSearch, venueCalls } from '#contracts';
import { Ask, type Clean, Describe, Parameters, PathId } from '#http';
import { type Asking, type ConcertReadModel, essential, type ServiceRecords } from '#read-model';
import type { ServiceClients } from '#serve';
import { pageHeaders, partialHeader, sendList } from './answers.js';

import { concertList, orNotFound } from './concert-list.js';
import { CLIENTS, READ_MODEL, RECORDS } from './injection-tokens.js';
import { sendByName } from './named-list.js';
import { readNearQuery, sendNear } from './near-list.js';
import { sendStored } from './stored-record.js';

@Controller('venues')
export class VenuesController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @Describe({
    summary: 'Venues by name, or around a place, nearest first',
    parameters: VenueSearch,
    list: VenueListRow,
    headers: pageHeaders,
  })
  async list(
    @Parameters(VenueSearch) search: Clean<VenueSearch>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { value, faults } = search;
    if (value.latitude === undefined && value.longitude === undefined && value.radius === undefined && faults.length === 0) {
      return sendByName(reply, search, (request) =>
        essential('venues', this.clients.venues.call(venueCalls.list, request, asking)),
      );
    }
    const request = readNearQuery(search);
    const { items } = await essential('venues', this.clients.venues.call(venueCalls.near, request.near, asking));
    sendNear(reply, request, items);
  }

  @Get(':id')
  @Describe({ summary: 'One venue', id: 'venue', record: Venue })
  async byId(@PathId() id: number, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    await sendStored(reply, 'venue', id, (ids) => essential('venues', this.records.venues(ids, asking)));
  }

  @Get(':id/concerts')
  @Describe({
    summary: 'The concerts of one venue',
    id: 'venue',
    parameters: ConcertsOfVenue,
    list: ConcertListRow,
    headers: { ...pageHeaders, ...partialHeader },
  })
  async concerts(
    @PathId() id: number,
    @Parameters(ConcertsOfVenue) { value, faults }: Clean<ConcertsOfVenue>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { value: { ...value, venueIds: [id] }, faults }, asking);
    sendList(reply, await orNotFound(answer, { part: 'venues', id, read: this.records.venues }, asking));
  }
}
