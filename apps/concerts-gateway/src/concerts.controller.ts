import { Body, Controller, Get, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConcertDetail, ConcertListRow, ConcertSearch } from '#contracts';
import { Ask, type Clean, Describe, Parameters, PathId, parameterCheck, sendRecord } from '#http';
import { Fault } from '#problem';
import { type Asking, type ConcertReadModel, concertDetail, concertETag } from '#read-model';
import { pageHeaders, partialHeader, sayPartial, sendList } from './answers.js';
import { concertList } from './concert-list.js';
import { READ_MODEL } from './injection-tokens.js';

const searchCheck = parameterCheck(ConcertSearch);

@Controller('concerts')
export class ConcertsController {
  constructor(@Inject(READ_MODEL) private readonly readModel: ConcertReadModel) {}

  @Get()
  @Describe({
    summary: 'Find concerts by band, venue, event, place or time',
    parameters: ConcertSearch,
    list: ConcertListRow,
    headers: { ...pageHeaders, ...partialHeader },
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
    headers: { ...pageHeaders, ...partialHeader },
  })
  async search(@Body() body: unknown, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    sendList(reply, await concertList(this.readModel, searchCheck.ofBody(body), asking));
  }

  @Get(':id')
  @Describe({
    summary: 'One concert with its band, venue and event',
    id: 'concert',
    record: ConcertDetail,
    headers: partialHeader,
  })
  async byId(@PathId() id: number, @Ask() asking: Asking, @Res() reply: FastifyReply): Promise<void> {
    const { concerts, missing } = await this.readModel.byId(id, asking);
    const [joined] = concerts;
    if (!joined) throw new Fault('NotFound', `there is no concert ${id}`);
    sayPartial(reply, missing);
    sendRecord(reply, concertDetail(joined), missing.length === 0 ? concertETag(joined) : undefined);
  }
}
