import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ConcertConsistency, ConcertDetail, ConcertListRow, ConcertSearch } from '#contracts';
import { Ask, assertFaultless, PathId, parameterCheck, sendRecord } from '#http';
import { Fault } from '#problem';
import { type ConcertReadModel, concertDetail, concertETag } from '#read-model';
import type { CallContext } from '#rpc';
import { sayPartial, sayServed, sendList } from './answers.js';
import { concertList } from './concert-list.js';
import { DescribeRead } from './describe-read.js';
import { READ_MODEL } from './injection-tokens.js';
import { type CleanRead, ReadParameters, withAfterChange } from './read-parameters.js';

const searchCheck = parameterCheck(ConcertSearch);

@ApiTags('concerts')
@Controller('concerts')
export class ConcertsController {
  constructor(@Inject(READ_MODEL) private readonly readModel: ConcertReadModel) {}

  @Get()
  @DescribeRead({
    summary: 'Find concerts by band, venue, event, place or time',
    parameters: ConcertSearch,
    list: ConcertListRow,
    isJoined: true,
  })
  async find(
    @ReadParameters(ConcertSearch) search: CleanRead<ConcertSearch>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, await concertList(this.readModel, search, asking));
  }

  @Post('search')
  @HttpCode(200)
  @DescribeRead({
    summary: 'The same search with its parameters in a JSON body, for long lists',
    body: ConcertSearch,
    list: ConcertListRow,
    isJoined: true,
  })
  async search(
    @Body() body: unknown,
    @Headers('after-change') afterChange: string | undefined,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    sendList(reply, await concertList(this.readModel, withAfterChange(searchCheck.ofBody(body), afterChange), asking));
  }

  @Get(':id')
  @DescribeRead({
    summary: 'One concert with its band, venue and event',
    id: 'concert',
    parameters: ConcertConsistency,
    record: ConcertDetail,
    isJoined: true,
  })
  async byId(
    @PathId() id: number,
    @ReadParameters(ConcertConsistency) { value, faults, afterChange }: CleanRead<ConcertConsistency>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertFaultless(faults);
    const { consistency = 'fresh' } = value;
    const { concerts, missing, ...served } = await this.readModel.byId(id, asking, { consistency, afterChange });
    const [joined] = concerts;
    sayServed(reply, { ...served, consistency });
    if (!joined) throw new Fault('NotFound', `there is no concert ${id}`);
    sayPartial(reply, missing);
    sendRecord(reply, concertDetail(joined), missing.length === 0 ? concertETag(joined) : undefined);
  }
}
