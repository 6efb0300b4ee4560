import { Controller, Delete, Inject, Patch, Post, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConcertBody, ConcertPatchBody, WrittenConcert } from '#contracts';
import { Ask, PathId } from '#http';
import { essential, type ServiceRecords } from '#read-model';
import type { CallContext } from '#rpc';
import { isUndated, readConcert, readConcertPatch, withDates } from './concert-body.js';
import { DescribeWrite } from './describe-write.js';
import { readChange } from './if-match.js';
import { RECORDS, WRITES } from './injection-tokens.js';
import type { Writes } from './writes.js';

const EXAMPLE = {
  band: { name: 'The Paper Lanterns', genres: ['indie rock'] },
  venue: { name: 'Old Ferry Hall', latitude: 53.5436, longitude: 9.9663, city: 'Hamburg', country: 'DE' },
  event: { name: 'Harbour Nights', kind: 'festival' },
  date: 1_909_339_200_000,
};

@ApiTags('concerts')
@Controller('concerts')
export class ConcertsController {
  constructor(
    @Inject(WRITES) private readonly writes: Writes,
    @Inject(RECORDS) private readonly records: ServiceRecords,
  ) {}

  @Post()
  @DescribeWrite({
    stateMachine: 'create-concert',
    summary: 'Create a concert, with those of its band, venue and event that are not there yet',
    body: ConcertBody,
    written: WrittenConcert,
    example: EXAMPLE,
  })
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.writes.answer({ request, reply, stateMachine: 'create-concert' }, () => readConcert(request.body));
  }

  @Put(':id')
  @DescribeWrite({
    stateMachine: 'replace-concert',
    summary: 'Replace a concert',
    id: 'concert',
    body: ConcertBody,
    written: WrittenConcert,
    example: EXAMPLE,
  })
  async replace(@PathId() id: number, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.writes.answer({ request, reply, stateMachine: 'replace-concert' }, () => ({
      ...readChange('concert', id, request),
      ...readConcert(request.body),
    }));
  }

  @Patch(':id')
  @DescribeWrite({
    stateMachine: 'patch-concert',
    summary: 'Change some fields of a concert; a band, venue or event that is named takes the place of the one before',
    id: 'concert',
    body: ConcertPatchBody,
    isPatch: true,
    written: WrittenConcert,
    example: { status: 'rescheduled', date: 1_909_425_600_000 },
  })
  async patch(
    @PathId() id: number,
    @Ask() asking: CallContext,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.writes.answer({ request, reply, stateMachine: 'patch-concert' }, async () => {
      const change = readChange('concert', id, request);
      const { event, patch, ...parts } = readConcertPatch(request.body);
      const dated = event && isUndated(event) ? withDates(event, patch.date ?? (await this.dateOf(id, asking))) : event;
      return { ...change, ...parts, event: dated, patch };
    });
  }

  @Delete(':id')
  @DescribeWrite({ stateMachine: 'delete-concert', summary: 'Delete a concert', id: 'concert' })
  async delete(@PathId() id: number, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.writes.answer({ request, reply, stateMachine: 'delete-concert' }, () => readChange('concert', id, request));
  }

  /**
   * An event that comes with a patch, and states no dates, takes that of the concert as it is. That there is none is
   * found out by the execution, or was not so when the same request came first: here any date will do.
   */
  private async dateOf(id: number, asking: CallContext): Promise<number> {
    return (await essential('concerts', this.records.concerts([id], asking))).get(id)?.date ?? 0;
  }
}
