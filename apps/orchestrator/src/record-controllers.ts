import { Controller, Delete, Inject, Patch, Post, Put, Req, Res, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TObject } from 'typebox';
import { Band, BandPatch, BandValue, Cascade, Event, EventPatch, EventValue, Venue, VenuePatch, VenueValue } from '#contracts';
import { assertFaultless, type Clean, Parameters, PathId } from '#http';
import { wholeBody } from './body.js';
import { DescribeWrite } from './describe-write.js';
import { addDatesFault } from './event-dates.js';
import { readChange } from './if-match.js';
import { WRITES } from './injection-tokens.js';
import type { Writes } from './writes.js';

/** Concerts that a cascade may delete: what is more is looked at by a person first. */
const MAX_CASCADE = 100_000;

interface RecordKind {
  name: 'band' | 'venue' | 'event';
  value: TObject;
  patch: TObject;
  record: TObject;
  example: object;
}

/** The writes of a kind of record that concerts refer to. */
function recordController({ name, value, patch, record, example }: RecordKind): Type {
  const readValue = wholeBody(value, addDatesFault);
  const readPatch = wholeBody(patch, addDatesFault);

  @ApiTags(`${name}s`)
  @Controller(`${name}s`)
  class RecordController {
    constructor(@Inject(WRITES) private readonly writes: Writes) {}

    @Post()
    @DescribeWrite({
      stateMachine: `create-${name}`,
      summary: `Create a ${name} that is new`,
      body: value,
      written: record,
      example,
    })
    async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
      await this.writes.answer({ request, reply, stateMachine: `create-${name}` }, () => ({ row: readValue(request.body) }));
    }

    @Put(':id')
    @DescribeWrite({
      stateMachine: `replace-${name}`,
      summary: `Replace a ${name}`,
      id: name,
      body: value,
      written: record,
      example,
    })
    async replace(@PathId() id: number, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
      await this.writes.answer({ request, reply, stateMachine: `replace-${name}` }, () => ({
        ...readChange(name, id, request),
        row: readValue(request.body),
      }));
    }

    @Patch(':id')
    @DescribeWrite({
      stateMachine: `patch-${name}`,
      summary: `Change some fields of a ${name}`,
      id: name,
      body: patch,
      isPatch: true,
      written: record,
    })
    async patch(@PathId() id: number, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
      await this.writes.answer({ request, reply, stateMachine: `patch-${name}` }, () => ({
        ...readChange(name, id, request),
        patch: readPatch(request.body),
      }));
    }

    @Delete(':id')
    @DescribeWrite({ stateMachine: `delete-${name}`, summary: `Delete a ${name}`, id: name, parameters: Cascade })
    async delete(
      @PathId() id: number,
      @Parameters(Cascade) { value: { cascade = 'false' }, faults }: Clean<Cascade>,
      @Req() request: FastifyRequest,
      @Res() reply: FastifyReply,
    ): Promise<void> {
      assertFaultless(faults);
      const isCascade = cascade === 'true';
      await this.writes.answer({ request, reply, stateMachine: `delete-${name}`, query: { cascade } }, () => ({
        ...readChange(name, id, request),
        of: { [`${name}Id`]: id },
        cascade: isCascade,
        atMost: isCascade ? MAX_CASCADE : 0,
      }));
    }
  }

  return RecordController;
}

export const recordControllers: Type[] = [
  recordController({
    name: 'band',
    value: BandValue,
    patch: BandPatch,
    record: Band,
    example: { name: 'Quiet Tin Choir', genres: ['folk'] },
  }),
  recordController({
    name: 'venue',
    value: VenueValue,
    patch: VenuePatch,
    record: Venue,
    example: { name: 'Canal Street Rooms', latitude: 52.3731, longitude: 4.8922, city: 'Amsterdam', country: 'NL' },
  }),
  recordController({
    name: 'event',
    value: EventValue,
    patch: EventPatch,
    record: Event,
    example: { name: 'Harbour Nights', kind: 'festival', startDate: 1_909_339_200_000, endDate: 1_909_512_000_000 },
  }),
];
