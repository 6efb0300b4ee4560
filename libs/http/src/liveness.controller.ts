import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Liveness } from '#contracts';
import { Describe } from './describe.js';
import { sendHealth } from './health.js';

/** Beside what each process says of how it is, it says by answering at all that it is alive. */
@ApiTags('health')
@Controller('health')
export class LivenessController {
  @Get('live')
  @Describe({ summary: 'Whether the process is alive', record: Liveness })
  live(@Res() reply: FastifyReply): void {
    sendHealth(reply, true, { status: 'ok' });
  }
}
