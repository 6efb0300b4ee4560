import { Body, Controller, Get, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConcertDetail, ConcertListRow, ConcertSearch } from '#contracts';
import { Fault } from '#problem';
import type { Asking, ConcertReadModel } from '#read-model';
import { sendList, sendRecord } from './answers.js';
import { Ask } from './asking.js';
import { READ_MODEL } from './clients.js';
import { concertList } from './concert-list.js';
import { concertDetail, concertETag } from './concert-row.js';
import { Describe } from './describe.js';
import { type Clean, Parameters, parameterCheck } from './parameters.js';
import { PathId } from './path-id.js';

const searchCheck = parameterCheck(ConcertSearch);

@Controller('concerts')
export class ConcertsController {
  constructor(@Inject(READ_MODEL) private readonly readModel: ConcertReadModel) {}

  @Get()
  @Describe({
    summary: 'Find concerts by band, venue, event, place or time',
    parameters: ConcertSearch,
    list: ConcertListRow,
    partial: true,
  })
  async find(
    @Parameters(ConcertSearch) search: Clean<ConcertSearch>,
    @Ask() asking: Asking,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, await concertList(this.readModel, search, asking));
  }

  @Post('search')
  @HttpCode(200)
  @Describe({
    summary: 'The same search with its parameters in a JSON body, for long lists',
    body: ConcertSearch,
    list: ConcertListRow,
    partial: true,
  })
  async search(@Body() body: unknown, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    sendList(reply, await concertList(this.readModel, searchCheck.ofBody(body), asking));
  }

  @Get(':id')
  @Describe({ summary: 'One concert with its band, venue and event', id: 'concert', record: ConcertDetail, partial: true })
  async byId(@PathId() id: number, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    const { concerts, missing } = await this.readModel.byId(id, asking);
    const [joined] = concerts;
    if (!joined) throw new Fault('NotFound', `there is no concert ${id}`);
    if (missing.length > 0) reply.header('partial', missing.join(', '));
    sendRecord(reply, concertDetail(joined), missing.length === 0 ? concertETag(joined) : undefined);
  }
}
