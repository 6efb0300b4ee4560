import { Controller, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ExecutionDetail, ExecutionRow, ExecutionSearch, StartedExecution } from '#contracts';
import {
  Ask,
  assertFaultless,
  type Clean,
  Describe,
  describeProblem,
  Parameters,
  plain,
  RefuseParameters,
  sendRecord,
} from '#http';
import { Fault } from '#problem';
import type { CallContext } from '#rpc';
import type { Engine, Execution, HistoryEvent } from '#saga';
import { sendRunning } from './answer.js';
import { NeedsToken } from './authenticate.js';
import { ENGINE } from './injection-tokens.js';

const DEFAULT_LIMIT = 100;
/** Lines of a history that are read at a time: within one message of a database. */
const HISTORY_PAGE = 1_000;

const executionId = ApiParam({ name: 'id', description: 'of the execution', schema: { type: 'string', format: 'uuid' } });

@ApiTags('executions')
@Controller('executions')
export class ExecutionsController {
  constructor(@Inject(ENGINE) private readonly engine: Engine) {}

  @Get()
  @NeedsToken()
  @Describe({ summary: 'Executions, latest first', parameters: ExecutionSearch, list: ExecutionRow })
  async list(
    @Parameters(ExecutionSearch) { value, faults }: Clean<ExecutionSearch>,
    @Ask() asking: CallContext,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertFaultless(faults);
    const { limit = DEFAULT_LIMIT, ...filter } = value;
    const found = await this.engine.journal.list({ ...filter, limit: limit + 1 }, asking);
    const rows = found.slice(0, limit).map(executionRow);
    const last = rows.at(-1);
    reply.header('link', pageLinks(value, found.length > limit ? last?.id : undefined)).header('cache-control', PRIVATE);
    void reply.type('application/json; charset=utf-8').send(Buffer.from(JSON.stringify(rows)));
  }

  @Get(':id')
  @NeedsToken()
  @Describe({ summary: 'One execution, with its history', record: ExecutionDetail })
  @describeProblem('NotFound')
  @executionId
  async byId(@Param('id') id: string, @Ask() asking: CallContext, @Res() reply: FastifyReply): Promise<void> {
    const execution = await this.engine.journal.read(id, asking);
    if (!execution) throw notThere(id);
    const { request, output, error, cause } = execution;
    const history = await this.history(id, asking);
    reply.header('cache-control', PRIVATE);
    sendRecord(reply, { ...executionRow(execution), request, output, error, cause, history }, undefined);
  }

  @Post(':id/stop')
  @HttpCode(202)
  @NeedsToken()
  @RefuseParameters()
  @ApiOperation({ summary: 'Stop an execution: what it has done is undone, unless it is too far for that' })
  @executionId
  @ApiResponse({ status: 202, description: 'asked', content: { 'application/json': { schema: plain(StartedExecution) } } })
  @describeProblem('ValidationError')
  @describeProblem('NotFound')
  @describeProblem('Internal')
  @describeProblem('Unavailable')
  @describeProblem('Timeout')
  async stop(@Param('id') id: string, @Ask() asking: CallContext, @Res() reply: FastifyReply): Promise<void> {
    const execution = await this.engine.stop(id, asking);
    if (!execution) throw notThere(id);
    sendRunning(reply, execution);
  }

  private async history(id: string, asking: CallContext): Promise<HistoryEvent[]> {
    const history: HistoryEvent[] = [];
    for (;;) {
      const page = await this.engine.journal.history({ id, from: history.length, limit: HISTORY_PAGE }, asking);
      history.push(...page);
      if (page.length < HISTORY_PAGE) return history;
    }
  }
}

/** What people sent is not for a cache between. */
const PRIVATE = 'private, no-cache';

const notThere = (id: string) => new Fault('NotFound', `there is no execution ${id}`);

function executionRow(execution: Execution): ExecutionRow {
  const { id, status, stateMachine, idempotencyKey, startedAt, endedAt, failingSince, stopRequested } = execution;
  return { id, status, stateMachine, caller: idempotencyKey.caller, startedAt, endedAt, failingSince, stopRequested };
}

/** RFC 8288 links to the first and the next page. */
function pageLinks({ status, limit }: Partial<ExecutionSearch>, after: string | undefined): string {
  const link = (rel: string, parameters: Record<string, string | undefined>) => {
    const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    const query = new URLSearchParams(given).toString();
    return `</executions${query && '?'}${query}>; rel="${rel}"`;
  };
  const page = { status, limit: limit?.toString() };
  return [...(after === undefined ? [] : [link('next', { ...page, after })]), link('first', page)].join(', ');
}
