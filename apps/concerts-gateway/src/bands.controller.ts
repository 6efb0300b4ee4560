import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Band, bandCalls, ConcertListRow, ConcertsOfBand, NamedSearch } from '#contracts';
import { Ask, type Clean, Describe, Parameters, PathId } from '#http';
import { type Asking, type ConcertReadModel, essential, type ServiceRecords } from '#read-model';
import type { ServiceClients } from '#serve';
import { pageHeaders, partialHeader, sendList } from './answers.js';

import { concertList, orNotFound } from './concert-list.js';
import { CLIENTS, READ_MODEL, RECORDS } from './injection-tokens.js';
import { sendByName } from './named-list.js';
import { sendStored } from './stored-record.js';

@Controller('bands')
export class BandsController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @Describe({ summary: 'Bands by name', parameters: NamedSearch, list: Band, headers: pageHeaders })
  async list(
    @Parameters(NamedSearch) search: Clean<NamedSearch>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendByName(reply, search, (request) => essential('bands', this.clients.bands.call(bandCalls.list, request, asking)));
  }

  @Get(':id')
  @Describe({ summary: 'One band', id: 'band', record: Band })
  async byId(@PathId() id: number, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    await sendStored(reply, 'band', id, (ids) => essential('bands', this.records.bands(ids, asking)));
  }

  @Get(':id/concerts')
  @Describe({
    summary: 'The concerts of one band',
    id: 'band',
    parameters: ConcertsOfBand,
    list: ConcertListRow,
    headers: { ...pageHeaders, ...partialHeader },
  })
  async concerts(
    @PathId() id: number,
    @Parameters(ConcertsOfBand) { value, faults }: Clean<ConcertsOfBand>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { value: { ...value, bandIds: [id] }, faults }, asking);
    sendList(reply, await orNotFound(answer, { part: 'bands', id, read: this.records.bands }, asking));
  }
}
