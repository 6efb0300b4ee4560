import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Band, bandCalls, ConcertListRow, ConcertsOfBand, NamedSearch } from '#contracts';
import { Ask, PathId } from '#http';
import { type ConcertReadModel, essential, type ServiceRecords } from '#read-model';
import type { CallContext } from '#rpc';
import type { ServiceClients } from '#serve';
import { sendList } from './answers.js';
import { concertList, orNotFound } from './concert-list.js';
import { DescribeRead } from './describe-read.js';
import { CLIENTS, READ_MODEL, RECORDS } from './injection-tokens.js';
import { sendByName } from './named-list.js';
import { type CleanRead, ReadParameters } from './read-parameters.js';
import { NoParameters, sendStored } from './stored-record.js';

@ApiTags('bands')
@Controller('bands')
export class BandsController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @DescribeRead({ summary: 'Bands by name', parameters: NamedSearch, list: Band })
  async list(
    @ReadParameters(NamedSearch) search: CleanRead<NamedSearch>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendByName(reply, search, (request) => essential('bands', this.clients.bands.call(bandCalls.list, request, asking)));
  }

  @Get(':id')
  @DescribeRead({ summary: 'One band', id: 'band', parameters: NoParameters, record: Band })
  async byId(
    @PathId() id: number,
    @ReadParameters(NoParameters) given: CleanRead<object>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendStored(reply, { kind: 'band', id, given }, (ids) => essential('bands', this.records.bands(ids, asking)));
  }

  @Get(':id/concerts')
  @DescribeRead({
    summary: 'The concerts of one band',
    id: 'band',
    parameters: ConcertsOfBand,
    list: ConcertListRow,
    isJoined: true,
  })
  async concerts(
    @PathId() id: number,
    @ReadParameters(ConcertsOfBand) { value, ...read }: CleanRead<ConcertsOfBand>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { ...read, value: { ...value, bandIds: [id] } }, asking);
    sendList(reply, await orNotFound(answer, { part: 'bands', id, read: this.records.bands }, asking));
  }
}
