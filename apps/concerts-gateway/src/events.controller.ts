import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ConcertListRow, ConcertsOfEvent, Event, eventCalls, NamedSearch } from '#contracts';
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

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(
    @Inject(CLIENTS) private readonly clients: ServiceClients,
    @Inject(RECORDS) private readonly records: ServiceRecords,
    @Inject(READ_MODEL) private readonly readModel: ConcertReadModel,
  ) {}

  @Get()
  @DescribeRead({ summary: 'Events by name', parameters: NamedSearch, list: Event })
  async list(
    @ReadParameters(NamedSearch) search: CleanRead<NamedSearch>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendByName(reply, search, (request) => essential('events', this.clients.events.call(eventCalls.list, request, asking)));
  }

  @Get(':id')
  @DescribeRead({ summary: 'One event', id: 'event', parameters: NoParameters, record: Event })
  async byId(
    @PathId() id: number,
    @ReadParameters(NoParameters) given: CleanRead<object>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendStored(reply, { kind: 'event', id, given }, (ids) => essential('events', this.records.events(ids, asking)));
  }

  @Get(':id/concerts')
  @DescribeRead({
    summary: 'The concerts of one event',
    id: 'event',
    parameters: ConcertsOfEvent,
    list: ConcertListRow,
    isJoined: true,
  })
  async concerts(
    @PathId() id: number,
    @ReadParameters(ConcertsOfEvent) { value, ...read }: CleanRead<ConcertsOfEvent>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const answer = await concertList(this.readModel, { ...read, value: { ...value, eventIds: [id] } }, asking);
    sendList(reply, await orNotFound(answer, { part: 'events', id, read: this.records.events }, asking));
  }
}
