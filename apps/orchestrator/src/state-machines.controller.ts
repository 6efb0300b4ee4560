import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { StateMachine, StateMachineFormat, StateMachineRow } from '#contracts';
import { assertFaultless, type Clean, Describe, describeProblem, Parameters } from '#http';
import { Fault } from '#problem';
import { stateDiagram } from './state-diagram.js';
import { stateMachines } from './state-machines.js';

const MERMAID = 'text/vnd.mermaid';

@ApiTags('state machines')
@Controller('state-machines')
export class StateMachinesController {
  @Get()
  @Describe({ summary: 'The state machines that run for the writes', list: StateMachineRow })
  list(@Res() reply: FastifyReply): void {
    const rows = [...stateMachines].map(([name, { Comment }]) => ({ name, comment: String(Comment ?? '') }));
    void reply
      .header('link', '</state-machines>; rel="first"')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(rows));
  }

  @Get(':name')
  @Describe({
    summary: 'One of them in Amazon States Language, or as a Mermaid diagram',
    parameters: StateMachineFormat,
    record: StateMachine,
    texts: [MERMAID],
  })
  @ApiParam({ name: 'name', schema: { type: 'string', enum: [...stateMachines.keys()] } })
  @describeProblem('NotFound')
  byName(
    @Param('name') name: string,
    @Parameters(StateMachineFormat) { value, faults }: Clean<StateMachineFormat>,
    @Res() reply: FastifyReply,
  ): void {
    assertFaultless(faults);
    const definition = stateMachines.get(name);
    if (!definition) throw new Fault('NotFound', `there is no state machine ${name}`);
    if (value.format === 'mermaid') void reply.type(`${MERMAID}; charset=utf-8`).send(stateDiagram(definition));
    else void reply.type('application/json; charset=utf-8').send(JSON.stringify(definition, null, 2));
  }
}
