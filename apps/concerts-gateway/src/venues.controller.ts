import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ConcertListRow, ConcertsOfVenue, Venue, VenueListRow, VenueSearch, venueCalls } from '#contracts';
import { Ask, PathId } from '#http';
import { type ConcertReadModel, essential, type ServiceRecords } from '#read-model';
import type { CallContext } from '#rpc';
import type { ServiceClients } from '#serve';
import { sendList } from './answers.js';
import { concertList, orNotFound } from './concert-list.js';
import { DescribeRead } from './describe-read.js';
import { CLIENTS, READ_MODEL, RECORDS } from './injection-tokens.js';
import { sendByName } from './named-list.js';
import { readNearQuery, sendNear } from './near-list.js';
import { type CleanRead, ReadParameters } from './read-parameters.js';
import { NoParameters, sendStored } from './stored-record.js';

@ApiTags('venues')
@Controller('venues')
export class VenuesController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @DescribeRead({
    summary: 'Venues by name, or around a place, nearest first',
    parameters: VenueSearch,
    list: VenueListRow,
  })
  async list(
    @ReadParameters(VenueSearch) search: CleanRead<VenueSearch>,
    @Ask() asking: CallContext,
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
  @DescribeRead({ summary: 'One venue', id: 'venue', parameters: NoParameters, record: Venue })
  async byId(
    @PathId() id: number,
    @ReadParameters(NoParameters) given: CleanRead<object>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendStored(reply, { kind: 'venue', id, given }, (ids) => essential('venues', this.records.venues(ids, asking)));
  }

  @Get(':id/concerts')
  @DescribeRead({
    summary: 'The concerts of one venue',
    id: 'venue',
    parameters: ConcertsOfVenue,
    list: ConcertListRow,
    isJoined: true,
  })
  async concerts(
    @PathId() id: number,
    @ReadParameters(ConcertsOfVenue) { value, ...read }: CleanRead<ConcertsOfVenue>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { ...read, value: { ...value, venueIds: [id] } }, asking);
    sendList(reply, await orNotFound(answer, { part: 'venues', id, read: this.records.venues }, asking));
  }
}
