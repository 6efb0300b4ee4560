import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { codeOfStatus, Fault, PROBLEM_MEDIA_TYPE, toFault, toProblem } from '#problem';
import type { Routes } from './routes.js';

/** When a client may try again after an outage of a service: a restarted one is back by then. */
const RETRY_AFTER_SECONDS = '1';

/** Which other application takes a request that has no route here, as a sentence; nothing where none does. */
export type TakenElsewhere = (method: string, path: string) => string | undefined;

/** Every error that reaches a client, as a problem document. What nobody foresaw is logged with its cause. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly routes: Routes,
    private readonly takenElsewhere: TakenElsewhere = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const fault = error instanceof NotFoundException ? this.unroutedFault(request, reply) : faultOf(error);
    if (fault.code === 'Internal')
      this.logger.error(
        { err: fault.cause ?? fault, ...request.asking, url: request.url.slice(0, 512) },
        'a request failed unexpectedly',
      );
    if (!reply.sent) sendProblem(reply, fault, request.url);
  }

  /** No route took the request: either there is none for its path, or none for its method. */
  private unroutedFault({ method, url }: FastifyRequest, reply: FastifyReply): Fault {
    const path = url.split('?', 1)[0] ?? '';
    const allowed = this.routes.methodsOf(path);
    if (allowed.length === 0) return new Fault('NotFound', `there is nothing at ${path}; /openapi.json lists what there is`);
    reply.header('allow', allowed.join(', '));
    const elsewhere = this.takenElsewhere(method, path);
    const told = elsewhere === undefined ? '' : `; ${elsewhere}`;
    return new Fault('MethodNotAllowed', `${path} takes ${allowed.join(', ')}, not ${method}${told}`);
  }
}

/** @param instance the path and query of the request */
export function sendProblem(reply: FastifyReply, fault: Fault, instance: string): void {
  const problem = toProblem(fault, instance);
  if (fault.retryable) reply.header('retry-after', RETRY_AFTER_SECONDS);
  // As bytes: to a text Fastify would add a charset, which this media type does not have.
  const body = Buffer.from(JSON.stringify(problem));
  void reply.code(problem.status).header('cache-control', 'no-store').type(PROBLEM_MEDIA_TYPE).send(body);
}

/** Errors of Nest and Fastify have a status, and a message that was written for the client when it is below 500. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof HttpException) return statusFault(error.getStatus(), error.message, error);
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return statusFault(error.statusCode, error.message, error);
  return toFault(error);
}

function statusFault(status: number, detail: string, cause: Error): Fault {
  const code = codeOfStatus(status);
  return code === 'Internal' ? toFault(cause) : new Fault(code, detail, { cause });
}
